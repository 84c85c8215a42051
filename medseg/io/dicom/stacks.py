"""Images of one orientation → stacks: one volume, several, or a series of volumes along a named axis.

Where images share places, something in their headers tells them apart, one of their dimensions. Which one
is found by trying: the first dimension that leaves one image a place is the one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from medseg.errors import NotOneVolumeError
from medseg.io.dicom.find import pixel_digest
from medseg.io.dicom.geometry import EXACT_MM, normal_of, position_of
from medseg.io.dicom.header import ImageHeader
from medseg.space.plane import FloatArray

SAME_POSITION_MM = 0.01
"""Two slices closer than this along the normal are one position: no scanner steps by 10 µm."""

JITTER_FREE_GAP_MM = 0.2
"""Slices this far apart can't be mistaken for jitter of one place."""

Headers = tuple[ImageHeader, ...]
_Key = Callable[[ImageHeader], Hashable]


@dataclass(frozen=True)
class Stack:
    """Slices of one volume, or of several volumes of the same places.

    Attributes:
        volumes: ``[t][k]``, each along the normal.
        told_apart_by: Which dimension tells the volumes apart; empty for one volume.
        copies: Images that were left out because another one has the same place and the same pixels.
    """

    volumes: tuple[Headers, ...]
    told_apart_by: str = ""
    copies: Headers = ()

    @property
    def headers(self) -> Headers:
        """All images, in the order ``[t][k]``."""
        return tuple(header for volume in self.volumes for header in volume)


DIMENSIONS: dict[str, _Key] = {
    "stack": lambda header: header.dimensions.stack,
    "echo": lambda header: (header.dimensions.echo_time_ms, header.dimensions.echo_number),
    "b-value": lambda header: (header.dimensions.b_value, header.dimensions.gradient_lps),
    "temporal position": lambda header: header.dimensions.temporal_position,
    "time offset": lambda header: header.dimensions.time_offset_s,
    "trigger time": lambda header: header.dimensions.trigger_time_ms,
    "acquisition": lambda header: header.dimensions.acquisition_number,
    "acquisition time": lambda header: header.dimensions.acquired_at_s,
    "content time": lambda header: header.dimensions.content_at_s,
}
"""What may tell images at one place apart, the most telling first."""

_NESTING = ("stack", "echo", "b-value", "temporal position", "acquisition")
"""Dimensions that others may repeat within: each echo of a time series has all time points."""

INSTANCE_ORDER = "instance number"


def stacks_of(headers: Headers) -> tuple[Stack, ...]:
    """Find the volumes among images of one orientation and size.

    Raises:
        NotOneVolumeError: Images share a place, differ in their pixels, and nothing tells them apart.
    """
    levels = _levels(headers)
    if len(set(levels.values())) == len(headers):
        return (Stack((_along_normal(headers, levels),)),)
    for name in DIMENSIONS:
        parted = _parted(headers, levels, name)
        if parted:
            return parted
    nested = _nested(headers, levels)
    if nested:
        return nested
    kept, copies = _without_same_pixels(headers, levels)
    if copies:
        first, *rest = stacks_of(kept)
        return (Stack(first.volumes, first.told_apart_by, (*first.copies, *copies)), *rest)
    return (_by_instance_number(headers, levels),)


def _levels(headers: Sequence[ImageHeader]) -> dict[ImageHeader, int]:
    """The number of each image's place along the normal."""
    normal = normal_of(headers)
    depth_mm = np.array([position_of(header) @ normal for header in headers])
    order = np.argsort(depth_mm, kind="stable")
    gaps_mm = np.diff(depth_mm[order])
    steps = gaps_mm >= _same_position_mm(gaps_mm)
    numbers = np.concatenate([[0], np.cumsum(steps)])
    return {headers[index]: int(number) for index, number in zip(order, numbers, strict=True)}


def _same_position_mm(gaps_mm: FloatArray) -> float:
    """How close two images lie that were meant for one place.

    Repeated scans of a place jitter by up to the rounding of positions. That much is taken for one place
    only where slices are far apart in comparison.
    """
    is_between = (gaps_mm > EXACT_MM) & (gaps_mm < JITTER_FREE_GAP_MM)
    return SAME_POSITION_MM if is_between.any() else EXACT_MM


def _along_normal(headers: Sequence[ImageHeader], levels: dict[ImageHeader, int]) -> Headers:
    return tuple(sorted(headers, key=levels.__getitem__))


def _split(headers: Sequence[ImageHeader], key: _Key) -> list[list[ImageHeader]]:
    groups: defaultdict[Hashable, list[ImageHeader]] = defaultdict(list)
    for header in headers:
        groups[key(header)].append(header)
    return list(groups.values())


def _parted(headers: Headers, levels: dict[ImageHeader, int], name: str) -> tuple[Stack, ...]:
    """The stacks that a dimension makes, if it leaves one image a place in each of them.

    Volumes of the same places are one stack; those of other places, such as an acquisition that was
    broken off, are stacks of their own.
    """
    groups = _split(headers, DIMENSIONS[name])
    if len(groups) < 2 or not all(_is_stack(group, levels) for group in groups):
        return ()
    order = _by_echo_time if name == "echo" else _in_time
    by_places: defaultdict[frozenset[int], list[Headers]] = defaultdict(list)
    for group in groups:
        by_places[frozenset(levels[header] for header in group)].append(_along_normal(group, levels))
    return tuple(
        Stack(tuple(sorted(volumes, key=order)), name if len(volumes) > 1 else "")
        for volumes in by_places.values()
    )


def _is_stack(group: Sequence[ImageHeader], levels: dict[ImageHeader, int]) -> bool:
    """Whether there is one image at each place, and more than one place: a slice's own time parts nothing."""
    places = {levels[header] for header in group}
    return len(places) == len(group) and (len(places) > 1 or len(set(levels.values())) == 1)


def _nested(headers: Headers, levels: dict[ImageHeader, int]) -> tuple[Stack, ...]:
    """The stacks within each value of a dimension, where one alone does not tell all images apart."""
    most = _most_at_one_place(headers, levels)
    for name in _NESTING:
        groups = _split(headers, DIMENSIONS[name])
        if len(groups) > 1 and all(_most_at_one_place(group, levels) < most for group in groups):
            try:
                return tuple(stack for group in groups for stack in stacks_of(tuple(group)))
            except NotOneVolumeError:
                continue
    return ()


def _most_at_one_place(headers: Sequence[ImageHeader], levels: dict[ImageHeader, int]) -> int:
    return int(np.bincount([levels[header] for header in headers]).max())


def _in_time(volume: Headers) -> tuple[float, ...]:
    """What orders volumes of one stack as they were acquired."""
    return min(
        tuple(
            value if value is not None else 0.0
            for value in (
                header.dimensions.temporal_position,
                header.dimensions.time_offset_s,
                header.dimensions.trigger_time_ms,
                header.dimensions.acquisition_number,
                header.dimensions.acquired_at_s,
                header.dimensions.instance_number,
                header.frame,
            )
        )
        for header in volume
    )


def _by_echo_time(volume: Headers) -> tuple[float, ...]:
    return volume[0].dimensions.echo_time_ms or 0.0, *_in_time(volume)


def _without_same_pixels(headers: Headers, levels: dict[ImageHeader, int]) -> tuple[Headers, Headers]:
    """Leave out images that share place and pixels with another: sent twice, under another name."""
    kept: list[ImageHeader] = []
    copies: list[ImageHeader] = []
    seen: set[tuple[int, int, str]] = set()
    crowded = np.bincount([*levels.values()]) > 1
    for header in headers:
        place = levels[header]
        content = (place, header.frame, pixel_digest(header) if crowded[place] else "")
        (copies if content in seen else kept).append(header)
        seen.add(content)
    return tuple(kept), tuple(copies)


def _by_instance_number(headers: Headers, levels: dict[ImageHeader, int]) -> Stack:
    """Volumes by the order of instance numbers, where these run through one volume after the other.

    Raises:
        NotOneVolumeError: They don't, or the places have different numbers of images.
    """
    ordered = sorted(headers, key=lambda header: (header.dimensions.instance_number or 0, header.frame))
    places = sorted(set(levels.values()))
    count = len(headers) // len(places)
    volumes = [ordered[start : start + len(places)] for start in range(0, len(ordered), len(places))]
    numbers = {(header.dimensions.instance_number, header.frame) for header in headers}
    is_regular = (
        len(places) > 1
        and count * len(places) == len(headers)
        and len(numbers) == len(headers)
        and None not in {header.dimensions.instance_number for header in headers}
        and all(sorted(levels[header] for header in volume) == places for volume in volumes)
    )
    if not is_regular:
        raise _duplicates(headers, levels)
    return Stack(tuple(_along_normal(volume, levels) for volume in volumes), INSTANCE_ORDER)


def _duplicates(headers: Headers, levels: dict[ImageHeader, int]) -> NotOneVolumeError:
    ordered = _along_normal(headers, levels)
    first = next(
        index for index in range(len(ordered) - 1) if levels[ordered[index]] == levels[ordered[index + 1]]
    )
    names = [f"{one.path.parent.name}/{one.path.name}" for one in ordered[first : first + 2]]
    places = len(set(levels.values()))
    return NotOneVolumeError(
        f"expected one image at each position, found {len(headers)} images at {places} position(s): "
        f"{names[0]} and {names[1]} lie in the same place, and nothing tells all of them apart",
        hint="several time points, echoes, b-values or reconstructions may share the series",
        reason="duplicate-positions",
        images=len(headers),
        positions=places,
    )
