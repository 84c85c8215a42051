"""What tells images at one place apart where nothing declared does: times, counts, their order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from medseg.errors import NotOneVolumeError
from medseg.io.dicom.find import pixel_digest
from medseg.io.dicom.header import ImageHeader
from medseg.io.dicom.places import Headers, along_normal, by_class, clusters

UNDECLARED: dict[str, Callable[[ImageHeader], float | None]] = {
    "time offset": lambda header: header.dimensions.time_offset_s,
    "trigger time": lambda header: header.dimensions.trigger_time_ms,
    "acquisition": lambda header: header.dimensions.acquisition_number,
    "acquisition time": lambda header: header.dimensions.acquired_at_s,
    "content time": lambda header: header.dimensions.content_at_s,
}
"""What may tell images at one place apart where nothing declared does, the most telling first."""

LATE = "content time"
"""The last of them, which changes when an image is only sent again: copies are looked for before."""

INSTANCE_ORDER = "instance number"


def by_common_value(
    headers: Headers, levels: dict[ImageHeader, int], value: Callable[[ImageHeader], float | None]
) -> tuple[Headers, ...]:
    """Volumes that each have a value of their own, common to all their slices."""
    places = sorted(set(levels.values()))
    volumes = by_class(headers, clusters([(value(header),) for header in headers], 0.0))
    if len(volumes) < 2 or any(sorted(levels[header] for header in volume) != places for volume in volumes):
        return ()
    return in_time([along_normal(volume, levels) for volume in volumes])


def by_rank(
    headers: Headers, levels: dict[ImageHeader, int], value: Callable[[ImageHeader], float | None]
) -> tuple[Headers, ...]:
    """Volumes by the order of values that differ from slice to slice, such as times.

    Only where all values of a volume lie before all those of the next.
    """
    at_place: defaultdict[int, list[tuple[float, ImageHeader]]] = defaultdict(list)
    for header in headers:
        found = value(header)
        if found is None:
            return ()
        at_place[levels[header]].append((found, header))
    ranked = [sorted(images, key=lambda image: image[0]) for _, images in sorted(at_place.items())]
    if any(before == after for images in ranked for (before, _), (after, _) in pairwise(images)):
        return ()
    table = np.array([[found for found, _ in images] for images in ranked])
    if (table[:, :-1].max(axis=0) >= table[:, 1:].min(axis=0)).any():
        return ()
    return tuple(tuple(images[t][1] for images in ranked) for t in range(table.shape[1]))


_IN_TIME: tuple[Callable[[ImageHeader], float | None], ...] = (
    lambda header: header.dimensions.temporal_position,
    lambda header: header.dimensions.time_offset_s,
    lambda header: header.dimensions.acquired_at_s,
    lambda header: header.dimensions.trigger_time_ms,
    lambda header: header.dimensions.acquisition_number,
    lambda header: header.dimensions.instance_number,
    lambda header: header.frame,
)


def in_time(volumes: Sequence[Headers]) -> tuple[Headers, ...]:
    """Volumes in the order in which they were acquired, as far as all of them tell."""
    images = [header for volume in volumes for header in volume]
    told = [read for read in _IN_TIME if all(read(header) is not None for header in images)]

    def first(volume: Headers) -> tuple[float, ...]:
        return min(tuple(read(header) or 0.0 for read in told) for header in volume)

    return tuple(sorted(volumes, key=first))


def looks_copied(headers: Headers, levels: dict[ImageHeader, int]) -> bool:
    """Whether the images of two places are all the same: looked at before the order is trusted.

    The fullest places would do, but the ends of a stack may be blank.
    """
    places = sorted(set(levels.values()))
    sample = {places[len(places) // 3], places[len(places) // 2]}
    at_sample = [header for header in headers if levels[header] in sample]
    return len({(levels[header], header.frame, pixel_digest(header)) for header in at_sample}) == len(sample)


def without_same_pixels(headers: Headers, levels: dict[ImageHeader, int]) -> tuple[Headers, Headers]:
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


def by_instance_number(headers: Headers, levels: dict[ImageHeader, int]) -> tuple[Headers, ...]:
    """Volumes by instance numbers that run through one volume after the other, or through one place."""
    ordered = sorted(headers, key=lambda header: (header.dimensions.instance_number or 0, header.frame))
    places = sorted(set(levels.values()))
    count, rest = divmod(len(headers), len(places))
    numbers = {(header.dimensions.instance_number, header.frame) for header in headers}
    if rest or len(places) < 2 or len(numbers) < len(headers):
        return ()
    if any(header.dimensions.instance_number is None for header in headers):
        return ()
    blocks = [ordered[start : start + len(places)] for start in range(0, len(ordered), len(places))]
    if all(sorted(levels[header] for header in block) == places for block in blocks):
        return tuple(along_normal(block, levels) for block in blocks)
    runs = [ordered[start : start + count] for start in range(0, len(ordered), count)]
    if all(len({levels[header] for header in run}) == 1 for run in runs):
        return tuple(along_normal([run[t] for run in runs], levels) for t in range(count))
    return ()


def alternation(headers: Headers, levels: dict[ImageHeader, int]) -> tuple[str, ...]:
    """A word about slices that alternate in how they were scanned: two scans may have been merged.

    Interleaved passes of one MR scan have acquisition numbers of their own, rightly.
    """
    ordered = along_normal(headers, levels)
    dimensions = [header.dimensions for header in ordered]
    by_name: dict[str, list[float | None]] = {
        "flip angle": [one.flip_angle_deg for one in dimensions],
        "inversion time": [one.inversion_time_ms for one in dimensions],
    }
    if headers[0].modality == "CT":
        by_name = {"acquisition": [one.acquisition_number for one in dimensions]}
    return tuple(
        f"Slices of {len(set(values))} {name}s alternate along the stack: they may be scans of their own."
        for name, values in by_name.items()
        if None not in values and _alternate(values)
    )


def _alternate(values: Sequence[float | None]) -> bool:
    changes = sum(before != after for before, after in pairwise(values))
    return 2 < len(set(values)) + 1 <= changes and changes > len(values) // 2


def duplicates(headers: Headers, levels: dict[ImageHeader, int]) -> NotOneVolumeError:
    """The refusal of images that nothing tells apart."""
    ordered = along_normal(headers, levels)
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
