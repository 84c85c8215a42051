"""Pictures for the story of a label map: slices with outlines, each with words for those who can't see it."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from medseg.contour import Slice
from medseg.io.contact_sheet import chosen, customary_window, tile
from medseg.io.contact_sheet_case import SheetCase
from medseg.labelmap import LabelMap
from medseg.provenance.history import History, StructureHistory
from medseg.volume import Quantity, Source, Volume

MAX_SLICES = 8
MAX_TOTAL_BYTES = 600_000
"""Of all pictures together: as text in a page they grow by a third."""

SHADES = 64
"""Grey levels and colours of a picture: more are not told apart at this size."""

SILHOUETTE = 0.3
"""How bright a structure is where there is no image, from black to white."""

VIEW_NAMES = ("axial", "coronal", "sagittal")


@dataclass(frozen=True)
class Picture:
    """One slice.

    Attributes:
        png: The picture.
        title: Which slice, such as ``axial, k=12``.
        words: Which structures are on it, and how each came there.
    """

    png: bytes
    title: str
    words: str


def pictures_of(history: History, label_map: LabelMap, image: Volume | None) -> tuple[Picture, ...]:
    """Slices of the acquisition, spread over the structures, and one slice in each of the other directions.

    Args:
        history: How each structure came to be.
        label_map: The structures.
        image: The image; without it structures are shown as silhouettes.

    Raises:
        GridMismatchError: Image and label map lie on different grids.
    """
    if image is not None:
        label_map.grid.require_same_as(image.grid, "label map and image of a story")
        case = SheetCase(image, label_map, customary_window(image), None)
    else:
        case = SheetCase(silhouettes(label_map), label_map, (0.0, 1.0), None)
    if not case.occupied.any():
        return ()
    main = case.order.axes.index(0)
    across = [_picture(case, history, axis, case.focus(axis)) for axis in range(3) if axis != main]
    pictures: list[Picture] = []
    size = sum(len(picture.png) for picture in across)
    for index in chosen(case, main, MAX_SLICES):
        picture = _picture(case, history, main, index)
        size += len(picture.png)
        if size > MAX_TOTAL_BYTES:
            break
        pictures.append(picture)
    return (*pictures, *across)


def _picture(case: SheetCase, history: History, axis: int, index: int) -> Picture:
    where = case.array_slice(axis, index)
    buffer = io.BytesIO()
    shown = tile(case, axis, index).quantize(SHADES, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    shown.save(buffer, format="PNG", optimize=True)
    present = [
        f"{one.structure.name} ({_how(one, where)})"
        for one in history.structures
        if case.mask_with_parts(one.structure, where).any()
    ]
    return Picture(buffer.getvalue(), f"{VIEW_NAMES[axis]}, {where}", ", ".join(present) or "no structure")


def _how(one: StructureHistory, where: Slice) -> str:
    origins = one.origins
    filled = "interpolated" if one.completed else "without contours"
    by_word = {
        "drawn": origins.drawn,
        "imported": origins.imported,
        "proposed": origins.assisted,
        filled: origins.interpolated,
    }
    for word, slices in by_word.items():
        if str(where) in slices:
            return word
    return "across its slices" if any(by_word.values()) else "not recorded"


def silhouettes(label_map: LabelMap) -> Volume:
    """What stands in for the image where there is none: structures in grey, for a window from 0 to 1."""
    labelled = np.logical_or.reduce([layer != 0 for layer in label_map.layers])
    voxels = np.where(labelled, np.float32(SILHOUETTE), np.float32(0))
    return Volume(label_map.grid, voxels, Quantity.ARBITRARY, Source("label map"))
