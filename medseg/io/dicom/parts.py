"""One series → the parts that could each be volumes: by what the images are, their size and orientation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from medseg.io.dicom.checks import has_no_place, is_colour
from medseg.io.dicom.geometry import ACCEPTED_MM
from medseg.io.dicom.header import ImageHeader
from medseg.io.dicom.kinds import SECONDARY_CAPTURE_CLASSES

Headers = tuple[ImageHeader, ...]


def _is_localizer(header: ImageHeader) -> bool:
    """ImageType value 3 for CT and MR; vendors repeat it further on (PS3.3 C.7.6.1.1.2, C.8.2.1.1.1)."""
    return "LOCALIZER" in header.image_type[2:]


def _is_secondary_capture(header: ImageHeader) -> bool:
    return header.sop_class_uid in SECONDARY_CAPTURE_CLASSES


def _is_derived_picture(header: ImageHeader) -> bool:
    """A picture in colour that was made of the images, for people."""
    return "SECONDARY" in header.image_type[:2] and is_colour(header)


_SET_ASIDE: dict[str, tuple[Callable[[ImageHeader], bool], str]] = {
    "localizer": (_is_localizer, "made for planning a scan, not slices of a volume"),
    "secondary-capture": (_is_secondary_capture, "screen captures and the like, not slices of a volume"),
    "derived-picture": (_is_derived_picture, "derived pictures in colour"),
}
"""Images that are no slices, by the word that names them: they must not spoil the series they lie in."""


@dataclass(frozen=True)
class SetAside:
    """Images that were never meant to be slices.

    Attributes:
        reason: A stable word.
        message: What such images are.
    """

    reason: str
    message: str
    headers: Headers


def without_pictures(headers: Headers) -> tuple[Headers, tuple[SetAside, ...]]:
    """Set aside what is no slice: localizers, screen captures, pictures derived for people."""
    remaining = headers
    set_aside: list[SetAside] = []
    for reason, (applies, what) in _SET_ASIDE.items():
        # A damaged header says too little to set the image aside.
        found = tuple(header for header in remaining if not header.damage and applies(header))
        if found:
            set_aside.append(SetAside(reason, f"{len(found)} image(s) {what}", found))
            remaining = tuple(header for header in remaining if header.damage or not applies(header))
    return remaining, tuple(set_aside)


MIN_STACK = 3
"""Of several orientations, those with fewer images are no stacks: two parallel images lie on any grid."""


def without_placeless(headers: Headers) -> tuple[Headers, Headers]:
    """Part images that say where they lie from those that don't.

    A damaged image may have lost its place: it stays, so that it refuses the series it is missing from.
    """
    if any(header.damage for header in headers):
        return headers, ()
    placeless = tuple(header for header in headers if has_no_place(header))
    return tuple(header for header in headers if not has_no_place(header)), placeless


@dataclass(frozen=True)
class Part:
    """Images of one size, orientation and component.

    Attributes:
        is_stray: A few images of odd orientations that are no stack.
        orientations: How many orientations there are among them.
    """

    headers: Headers
    is_stray: bool = False
    orientations: int = 1


def parts_of(headers: Headers) -> tuple[Part, ...]:
    """Part the images of a sound series into what could each be one volume or one series of volumes.

    Images of an orientation that hardly another image shares are no volume: they are gathered into one part.

    Args:
        headers: Images that all say where they lie.

    Returns:
        The parts in the order in which they were acquired, the stray one last.
    """
    by_size: defaultdict[tuple[int, int, str], list[ImageHeader]] = defaultdict(list)
    for header in headers:
        by_size[header.rows, header.columns, header.dimensions.component].append(header)
    parts: list[Part] = []
    stray: list[Headers] = []
    for alike in by_size.values():
        by_orientation = _by_orientation(alike)
        for cluster in by_orientation:
            if len(by_orientation) == 1 or len(cluster) >= MIN_STACK:
                parts.append(Part(cluster))
            else:
                stray.append(cluster)
    parts.sort(key=lambda part: _order(part.headers))
    if stray:
        gathered = tuple(header for cluster in stray for header in cluster)
        parts.append(Part(gathered, is_stray=True, orientations=len(stray)))
    return tuple(parts)


def _order(headers: Headers) -> tuple[int, str, int]:
    first = min(headers, key=_instance)
    return _instance(first)


def _instance(header: ImageHeader) -> tuple[int, str, int]:
    number = header.dimensions.instance_number
    return (number if number is not None else 0), str(header.path), header.frame


def _by_orientation(headers: Sequence[ImageHeader]) -> list[Headers]:
    """Cluster images whose corners no difference of direction moves by more than is accepted.

    Directions are compared by how far they would move the far corner of the image.
    """
    cosines = np.array([header.orientation for header in headers]).reshape(-1, 2, 3)
    # The row direction runs along the columns: the first cosines belong to the second extent.
    extents_mm = np.array([_extents_mm(header) for header in headers])[:, ::-1]
    left = np.arange(len(headers))
    clusters: list[Headers] = []
    while len(left):
        moved_mm = (np.linalg.norm(cosines[left] - cosines[left[0]], axis=2) * extents_mm[left]).sum(axis=1)
        near = moved_mm <= ACCEPTED_MM
        clusters.append(tuple(headers[index] for index in left[near]))
        left = left[~near]
    return clusters


def _extents_mm(header: ImageHeader) -> tuple[float, float]:
    row_mm, column_mm = header.spacing_ji_mm or (0.0, 0.0)
    return row_mm * header.rows, column_mm * header.columns
