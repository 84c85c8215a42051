"""What a careful reader should know of a follow-up, one sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from medseg.labelmap import LabelMap
from medseg.measurement.response import MAX_TARGETS, TOO_SMALL_MM, LesionSize
from medseg.measurement.structures import voxels_of_each

SLICE_AXIS = 0
"""Acquired slices are normal to the axis k of the array: RECIST's diameters lie in them."""

THICK_SLICES_MM = 5.0
"""With thicker slices a measurable lesion is at least twice as long as they are thick (RECIST 1.1, 3.1.1)."""

MAX_OF_ONE_ORGAN = 2
"""Target lesions (RECIST 1.1, 3.2)."""


def remarks_on_baseline(baseline: LabelMap, sizes: Sequence[LesionSize]) -> Iterator[str]:
    """What RECIST 1.1 asks of target lesions at baseline, where it is not met."""
    thickness_mm = baseline.grid.spacing_kji_mm[SLICE_AXIS]
    for size in sizes:
        least_mm = size.lesion.measurable_mm
        if thickness_mm > THICK_SLICES_MM and not size.lesion.is_node:
            least_mm = max(least_mm, 2 * thickness_mm)
        if size.diameter_mm is not None and size.diameter_mm < least_mm:
            yield (
                f"{size.lesion.name} is not measurable at baseline: {size.diameter_mm:.1f} mm, less than "
                f"{least_mm:.4g} mm"
            )
    if len(sizes) > MAX_TARGETS:
        yield f"{len(sizes)} target lesions: RECIST 1.1 takes {MAX_TARGETS} at most"
    wholes = [baseline.structure(size.lesion.id).part_of for size in sizes]
    for whole in dict.fromkeys(one for one in wholes if one):
        if wholes.count(whole) > MAX_OF_ONE_ORGAN:
            yield (
                f"{wholes.count(whole)} target lesions in {baseline.structure(whole).name}: RECIST 1.1 takes "
                f"{MAX_OF_ONE_ORGAN} of one organ at most"
            )


def remarks_on_times(label_maps: Sequence[LabelMap], times: Sequence[Sequence[LesionSize]]) -> Iterator[str]:
    """What may make the sizes of some times hard to compare."""
    for number, (label_map, sizes) in enumerate(zip(label_maps, times, strict=True)):
        when = name_of_time(number)
        yield from _in_pieces(label_map, sizes, when)
        for size in sizes:
            if size.diameter_mm and size.diameter_mm < TOO_SMALL_MM:
                yield (
                    f"{size.lesion.name} measures {size.diameter_mm:.1f} mm at {when}: if it is too small to "
                    f"measure, RECIST 1.1 counts {TOO_SMALL_MM:g} mm"
                )
    steps = sorted({round(label_map.grid.spacing_kji_mm[SLICE_AXIS], 2) for label_map in label_maps})
    if len(steps) > 1:
        apart = ", ".join(f"{step:g}" for step in steps)
        yield f"slices lie {apart} mm apart: not all times were scanned alike"


def name_of_time(number: int) -> str:
    """What people call a time: ``baseline``, ``time 2``."""
    return f"time {number + 1}" if number else "baseline"


def _in_pieces(label_map: LabelMap, sizes: Sequence[LesionSize], when: str) -> Iterator[str]:
    # Imported here: it takes a while, and most of medseg does without.
    from scipy.ndimage import generate_binary_structure, label

    present = [size.lesion.id for size in sizes if size.diameter_mm]
    for voxels in voxels_of_each(label_map, present):
        pieces = label(voxels.mask, generate_binary_structure(3, 3))[1]
        if pieces > 1:
            yield (
                f"{voxels.structure.name} lies in {pieces} pieces at {when}: its diameter may run across "
                "them; draw each lesion as a structure of its own"
            )
