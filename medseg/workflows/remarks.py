"""What a reader must know of a completion, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from medseg.interpolation import Completion

SCATTER_MM = 2.0
"""Up to here contours that cross are told in one sentence for all: drawn by hand, each is off by about 1 mm.

:attr:`~medseg.interpolation.Completion.conflicts` has every one.
"""

Names = Mapping[str, str]
"""What people call each structure, by its id."""


def remarks_on(completion: Completion) -> tuple[str, ...]:
    """What a reader must know, one sentence each.

    What could not be joined, where contours contradict each other, contours without a voxel, structures
    inside others, and what the image did. Places are named as ``k=12`` and in mm LPS.
    """
    names = {s.id: s.name for s in completion.label_map.structures}
    kinds = (_unjoined, _conflicts, _scatter, _unfilled, _nested, _images)
    return tuple(chain.from_iterable(kind(completion, names) for kind in kinds))


def _unjoined(completion: Completion, names: Names) -> Iterator[str]:
    for gap in completion.open_gaps:
        yield (
            f"{names[gap.structure_id]}: {_count(gap.pieces, 'piece')} could not be joined between "
            f"{gap.first} and {gap.last}; if the structure goes on there, draw a contour between them"
        )
    for lone in completion.alone:
        yield (
            f"{names[lone.structure_id]}: {_count(lone.pieces, 'piece')} on {lone.where} could be joined "
            "with nothing; draw a contour beside it"
        )


def _conflicts(completion: Completion, names: Names) -> Iterator[str]:
    for conflict in completion.conflicts:
        if conflict.length_mm > SCATTER_MM:
            x, y, z = conflict.at_lps_mm
            yield (
                f"{names[conflict.structure_id]}: the contours on {conflict.first} and {conflict.second} "
                f"disagree by {conflict.length_mm:.1f} mm near ({x:.1f}, {y:.1f}, {z:.1f}) mm LPS; the later "
                f"one, on {conflict.second}, counts"
            )


def _scatter(completion: Completion, names: Names) -> Iterator[str]:
    for structure_id, name in names.items():
        lengths_mm = [
            conflict.length_mm
            for conflict in completion.conflicts
            if conflict.structure_id == structure_id and conflict.length_mm <= SCATTER_MM
        ]
        if lengths_mm:
            yield (
                f"{name}: at {_count(len(lengths_mm), 'crossing')} contours differ by at most "
                f"{max(lengths_mm):.1f} mm, as hands do; the later one counts"
            )


def _unfilled(completion: Completion, names: Names) -> Iterator[str]:
    for structure_id, where in completion.unfilled:
        yield (
            f"{names[structure_id]}: the contour on {where} holds no voxel, being too small or off the image"
        )


def _nested(completion: Completion, names: Names) -> Iterator[str]:
    for inner, outer in completion.nested:
        yield (
            f"{names[inner]} was drawn inside {names[outer]} and goes before it; make it a part of "
            f"{names[outer]} so that it counts into it"
        )


def _images(completion: Completion, names: Names) -> Iterator[str]:
    for structure_id, one in completion.structures.items():
        if one.image is not None:
            yield f"{names[structure_id]}: {one.image.reason}"


def _count(things: int, name: str) -> str:
    return f"{things} {name}{'' if things == 1 else 's'}"
