"""Mosaics: many slices tiled in one image."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from medseg.io.dicom.elements import Elements
from medseg.io.dicom.siemens_csa import image_values, slice_centres_lps_mm
from medseg.space.plane import FloatArray

if TYPE_CHECKING:
    from medseg.io.dicom.header import ImageHeader

PLANNED_MM = 0.05
"""A slice this close to where the protocol has it lies as planned.

Both are printed to 1e-5 mm or better; motion correction while scanning moves slices by more.
"""


class _Layout(NamedTuple):
    """How tiles lie in a mosaic.

    Attributes:
        down: Tiles in a column of the mosaic.
        across: Tiles in a row of it.
        positions_lps_mm: Centre of the first pixel of each tile, shape ``(n, 3)``, row by row from the upper
            left; the last places may be empty.
    """

    down: int
    across: int
    positions_lps_mm: FloatArray


def is_mosaic(image_type: tuple[str, ...]) -> bool:
    """Whether an image is a mosaic, or a grid, as United Imaging says."""
    return any(name in _LAYOUTS for name in image_type)


def tiles_of(header: ImageHeader, elements: Elements) -> tuple[ImageHeader, ...]:
    """The slices of a mosaic, each at its own place.

    Returns:
        The mosaic itself if its header doesn't say how many slices there are and where: it is then refused
        by name.
    """
    read = next(_LAYOUTS[name] for name in header.image_type if name in _LAYOUTS)
    layout = read(header, elements) if _is_placed(header) else None
    if layout is None or header.rows % layout.down or header.columns % layout.across:
        return (header,)
    rows, columns = header.rows // layout.down, header.columns // layout.across
    return tuple(
        replace(
            header,
            tile=(number // layout.across * rows, number % layout.across * columns),
            rows=rows,
            columns=columns,
            position_lps_mm=tuple(position),
        )
        for number, position in enumerate(layout.positions_lps_mm.tolist())
    )


def _united(_: ImageHeader, elements: Elements) -> _Layout | None:
    """United Imaging lists each slice's position (https://github.com/rordenlab/dcm2niix, UIH/README.md)."""
    positions = [item.numbers("ImagePositionPatient", 3) for item in elements.sequence("UnitedSlices")]
    count = elements.whole("UnitedSliceCount", 0)
    if count < 1 or len(positions) != count or None in positions:
        return None
    across = _side(count)
    return _Layout(-(-count // across), across, np.array(positions, dtype=np.float64))


def _siemens(header: ImageHeader, elements: Elements) -> _Layout | None:
    """Siemens gives the mosaic the position of an image of its size around the centre of the first slice.

    Where the others lie is said by the protocol in the CSA header, or by its slice normal and the spacing.
    """
    count = _count(elements)
    if count < 1:
        return None
    side = _side(count)
    rows, columns = header.rows // side, header.columns // side
    first = _first_position(header, rows, columns)
    offsets = _offsets_mm(header, elements, count, first + _in_plane_mm(header, rows / 2, columns / 2))
    return None if offsets is None else _Layout(side, side, first + offsets)


_LAYOUTS: dict[str, Callable[[ImageHeader, Elements], _Layout | None]] = {
    "MOSAIC": _siemens,
    "VFRAME": _united,
}
"""By a value of ImageType."""


def _side(count: int) -> int:
    """Tiles in a row of the smallest square that holds so many."""
    return math.isqrt(count - 1) + 1


def _count(elements: Elements) -> int:
    count = elements.whole("SiemensMosaicImages", 0)
    if count:
        return count
    named = "".join(image_values(elements).get("NumberOfImagesInMosaic", ("",))[:1])
    if named.isdecimal():
        return int(named)
    centres = slice_centres_lps_mm(elements)
    return 0 if centres is None else len(centres)


def _is_placed(header: ImageHeader) -> bool:
    return None not in (header.position_lps_mm, header.orientation, header.spacing_ji_mm)


def _in_plane_mm(header: ImageHeader, rows: float, columns: float) -> FloatArray:
    """So many rows down and columns to the right as a vector."""
    along_row, along_column = np.reshape(np.asarray(header.orientation, dtype=np.float64), (2, 3))
    row_spacing_mm, column_spacing_mm = header.spacing_ji_mm or (0.0, 0.0)
    return rows * row_spacing_mm * along_column + columns * column_spacing_mm * along_row


def _first_position(header: ImageHeader, rows: int, columns: int) -> FloatArray:
    mosaic = np.asarray(header.position_lps_mm, dtype=np.float64)
    return mosaic + _in_plane_mm(header, (header.rows - rows) / 2, (header.columns - columns) / 2)


def _offsets_mm(
    header: ImageHeader, elements: Elements, count: int, first_centre: FloatArray
) -> FloatArray | None:
    """From the first slice to each, shape ``(count, 3)``; None if the header doesn't say."""
    if count == 1:
        return np.zeros((1, 3))
    planned = slice_centres_lps_mm(elements)
    if planned is not None and len(planned) == count:
        offsets = _planned_offsets_mm(header, planned, first_centre)
        if offsets is not None:
            return offsets
    normal = _numbers(image_values(elements).get("SliceNormalVector", ()))
    spacing_mm = elements.number("SpacingBetweenSlices") or elements.number("SliceThickness")
    if len(normal) != 3 or not spacing_mm:
        return None
    return np.outer(np.arange(count) * spacing_mm, normal)


def _planned_offsets_mm(
    header: ImageHeader, planned: FloatArray, first_centre: FloatArray
) -> FloatArray | None:
    """Offsets by the protocol, whichever of its ends is the first tile: the console can reverse the order."""
    off_mm = np.linalg.norm(planned[[0, -1]] - first_centre, axis=1)
    ordered = planned if off_mm[0] <= off_mm[1] else planned[::-1]
    offsets: FloatArray = ordered - ordered[0]
    length_mm = float(np.linalg.norm(offsets[-1]))
    if off_mm.min() <= PLANNED_MM:
        return offsets
    if off_mm.min() > length_mm / 2:
        return None  # planned elsewhere: which end is first can't be told
    # Moved and turned since by motion correction: the order holds, the normal is that of the image.
    along_row, along_column = np.reshape(np.asarray(header.orientation, dtype=np.float64), (2, 3))
    normal = np.cross(along_row, along_column)
    along_normal = math.copysign(1 / length_mm, offsets[-1] @ normal) * (offsets @ offsets[-1])
    return np.outer(along_normal, normal)


def _numbers(texts: Sequence[str]) -> list[float]:
    try:
        return [float(text) for text in texts]
    except ValueError:
        return []
