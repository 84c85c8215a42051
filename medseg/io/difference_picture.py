"""A picture of the difference between two label maps: a PNG with the slices that differ most.

Each structure that changed has a row: the slices of the acquisition on which most of it changed, with the
outlines of both, and the slices through the place where the two surfaces lie farthest apart, with a ring.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from medseg.io.atomic import whole_file
from medseg.io.contact_sheet import (
    BACKGROUND,
    FAINT_TEXT,
    GAP,
    LEGEND_LINE,
    TEXT,
    TILE_WIDTH,
    customary_window,
    fitted,
    font,
    on_tile,
    pixels_per_mm,
    tile,
)
from medseg.io.contact_sheet_case import SheetCase
from medseg.labelmap import LabelMap, Structure
from medseg.measurement import LabelMapDifference, StructureDifference
from medseg.measurement.size import MM3_PER_ML
from medseg.volume import Volume

FIRST_COLOR, SECOND_COLOR = "#ffb000", "#4cc3ff"
"""Orange and sky blue: told apart by those who can't tell red from green, and both bright on grey."""

RING_COLOR = "#ffffff"
RING_RADIUS = 9
"""Pixels."""

SCALES_MM = (100, 50, 20, 10, 5, 2, 1)
MAX_SCALE = 0.3
"""Of a tile's width: the bar is the longest of these lengths that is no longer."""

COLUMNS = 5
MAX_STRUCTURES = 12
"""Rows of a picture; the numbers tell of the others."""

_TITLE_HEIGHT = 74
_ROW_HEADING = 46


def write_difference_picture(
    image: Volume,
    first: LabelMap,
    second: LabelMap,
    difference: LabelMapDifference,
    path: Path,
    *,
    title: str,
    names: tuple[str, str] = ("first", "second"),
    overwrite: bool = False,
) -> None:
    """Write a PNG that shows where two label maps of an image differ.

    Args:
        image: The image.
        first: The earlier label map, on the image's grid.
        second: The later one, on the same grid.
        difference: Between the two; see :func:`medseg.measurement.difference_between`.
        path: Where to write; the folder must exist.
        title: A line at the top, without the patient's name.
        names: What the legend calls the two.
        overwrite: Whether a file that is there already is replaced.

    Raises:
        GridMismatchError: They do not lie on one grid.
        OutputExistsError: The file exists and ``overwrite`` is not set.
        OutputError: It can't be written.
    """
    for label_map in (first, second):
        label_map.grid.require_same_as(image.grid, "label map of a picture of differences")
    window = customary_window(image)
    changed = difference.changed
    rows = [
        _Row(each, SheetCase(image, _both(each, first, second, names), window, None))
        for each in changed[:MAX_STRUCTURES]
    ]
    picture = _assembled(rows, title, names, left=len(changed) - len(rows))
    with whole_file(path, overwrite=overwrite) as temporary:
        picture.save(temporary, format="PNG")


@dataclass(frozen=True)
class _Row:
    """A structure that changed, and the case of its two outlines."""

    structure: StructureDifference
    case: SheetCase

    @property
    def axis(self) -> int:
        """The anatomical axis along which the slices of the acquisition lie."""
        return self.case.order.axes.index(0)

    @cached_property
    def changed(self) -> npt.NDArray[np.bool_]:
        """The voxels that only one of them has, with anatomical axes."""
        first, second = self.case.label_map.layers
        return self.case.order.apply(first != second)

    @property
    def focus(self) -> npt.NDArray[np.int64] | None:
        """Where the surfaces lie farthest apart, as an anatomical index."""
        largest = self.structure.largest
        if largest is None or not largest.mm:
            return None
        index = self.case.volume.grid.to_index(largest.at_lps_mm)
        return np.rint(self.case.order.to_anatomical(index)).astype(np.int64)

    def tiles(self) -> Iterator[Image.Image]:
        """Slices with the largest changes in the order of the acquisition, then two across.

        None where no voxel changed.
        """
        if not self.changed.any():
            return
        for index in self._slices():
            yield self._marked(self.axis, index)
        focus = self.focus
        for axis in range(3):
            if axis != self.axis:
                index = self.case.focus(axis) if focus is None else int(focus[axis])
                yield self._marked(axis, index)

    def _slices(self) -> list[int]:
        others = tuple(axis for axis in range(3) if axis != self.axis)
        amount = np.count_nonzero(self.changed, axis=others)
        most = [int(index) for index in np.argsort(-amount, kind="stable") if amount[index]]
        wanted = most[: COLUMNS - 2]
        if self.focus is not None and (place := int(self.focus[self.axis])) not in wanted:
            wanted = [*wanted[: COLUMNS - 3], place]
        return sorted(wanted, reverse=self.case.order.flipped[self.axis])

    def _marked(self, axis: int, index: int) -> Image.Image:
        """A slice with a scale; and a ring where the surfaces lie farthest apart, if that is on it."""
        shown, focus, largest = tile(self.case, axis, index), self.focus, self.structure.largest
        draw = ImageDraw.Draw(shown)
        draw_scale(draw, shown, pixels_per_mm(self.case))
        if focus is not None and largest is not None and focus[axis] == index:
            x, y = on_tile(self.case, axis, np.array([largest.at_lps_mm]))[0]
            box = (x - RING_RADIUS, y - RING_RADIUS, x + RING_RADIUS, y + RING_RADIUS)
            draw.ellipse(box, None, RING_COLOR, 2)
        return shown


def draw_scale(draw: ImageDraw.ImageDraw, shown: Image.Image, pixels_per_mm: float) -> None:
    """Draw a bar of a round length at the lower left of a tile."""
    longest = shown.width * MAX_SCALE
    mm = next((length for length in SCALES_MM if length * pixels_per_mm <= longest), SCALES_MM[-1])
    x, y = 8, shown.height - 10
    draw.line((x, y, x + mm * pixels_per_mm, y), RING_COLOR, 2)
    draw.text((x, y - 4), f"{mm} mm", TEXT, font(12), "ls", stroke_width=2, stroke_fill=BACKGROUND)


def _both(each: StructureDifference, first: LabelMap, second: LabelMap, names: tuple[str, str]) -> LabelMap:
    """The structure of both, as two structures that overlap."""
    masks = [
        label_map.mask_with_parts(each.id)
        if any(structure.id == each.id for structure in label_map.structures)
        else np.zeros(label_map.grid.shape_kji, dtype=bool)
        for label_map in (first, second)
    ]
    structures = (
        Structure("first", names[0], 1, FIRST_COLOR),
        Structure("second", names[1], 1, SECOND_COLOR, layer=1),
    )
    return LabelMap.painted(second.grid, [mask.view(np.uint8) for mask in masks], structures)


def _assembled(rows: list[_Row], title: str, names: tuple[str, str], *, left: int) -> Image.Image:
    drawn = [(row.structure, list(row.tiles())) for row in rows]
    width = max([GAP + sum(shown.width + GAP for shown in tiles) for _, tiles in drawn] + [3 * TILE_WIDTH])
    height = _TITLE_HEIGHT + sum(_ROW_HEADING + _height(tiles) for _, tiles in drawn)
    sheet = Image.new("RGB", (width, height + (0 if drawn and not left else LEGEND_LINE)), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    draw.text((GAP, 24), fitted(title, width - 2 * GAP, 20), TEXT, font(20), "ls")
    _draw_legend(draw, names)
    y = _TITLE_HEIGHT
    for structure, tiles in drawn:
        _draw_heading(draw, structure, y, width)
        x, y = GAP, y + _ROW_HEADING
        for shown in tiles:
            sheet.paste(shown, (x, y))
            x += shown.width + GAP
        y += _height(tiles)
    rest = f"and {left} more structures that changed" if left else "" if drawn else "nothing changed"
    draw.text((GAP, y + 6), rest, FAINT_TEXT, font(14), "ls")
    return sheet


def _height(tiles: list[Image.Image]) -> int:
    return max((shown.height + GAP for shown in tiles), default=0)


def _draw_legend(draw: ImageDraw.ImageDraw, names: tuple[str, str]) -> None:
    x, y = float(GAP), 48
    for color, name in ((FIRST_COLOR, names[0]), (SECOND_COLOR, names[1])):
        draw.line((x, y, x + 22, y), color, 3)
        draw.text((x + 30, y), name, TEXT, font(14), "lm")
        x += 30 + draw.textlength(name, font(14)) + 24
    draw.ellipse((x, y - 7, x + 14, y + 7), None, RING_COLOR, 2)
    draw.text((x + 22, y), "where the surfaces lie farthest apart", TEXT, font(14), "lm")


def _draw_heading(draw: ImageDraw.ImageDraw, structure: StructureDifference, y: int, width: int) -> None:
    draw.text((GAP, y + 16), fitted(structure.name, width - 2 * GAP, 16), TEXT, font(16), "ls")
    facts = " | ".join(_facts(structure))
    draw.text((GAP, y + 36), fitted(facts, width - 2 * GAP, 13), FAINT_TEXT, font(13), "ls")


def _facts(structure: StructureDifference) -> Iterator[str]:
    first, second = structure.first_mm3, structure.second_mm3
    if first is None:
        yield f"new: {_ml(second)}"
    elif second is None:
        yield f"gone: {_ml(first)}"
    else:
        yield f"{_ml(first)} to {_ml(second)}"
    if structure.added_mm3 is not None:
        yield f"added {_ml(structure.added_mm3)}, removed {_ml(structure.removed_mm3)}"
    if structure.dice is not None:
        yield f"Dice {structure.dice:.4f}"
    if structure.largest is not None:
        place = ", ".join(f"{value:.1f}" for value in structure.largest.at_lps_mm)
        yield f"largest distance {structure.largest.mm:.1f} mm at LPS ({place}) mm"
    for change in structure.table:
        yield f"{change.field} was {change.first or 'none'}, is {change.second or 'none'}"


def _ml(mm3: float | None) -> str:
    return f"{(mm3 or 0) / MM3_PER_ML:.4g} ml"
