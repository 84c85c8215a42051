"""A picture of how far readers agree: a PNG with numbers of each two, and the slices that differ most.

Each structure has a row: for three readers or more a table, Dice below its diagonal and HD95 above; then the
slices of the acquisition on which most voxels are in dispute, with the outlines of all readers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    tile,
)
from medseg.io.contact_sheet_case import SheetCase
from medseg.labelmap import LabelMap, Structure
from medseg.measurement.reader_agreement import PairAgreement, Reader, StructureAgreement
from medseg.measurement.size import MM3_PER_ML
from medseg.volume import Quantity, Source, Volume

COLORS = (
    "#ffb000", "#4cc3ff", "#2fd19a", "#f7ee55", "#ff7a45", "#e58fc4", "#ffffff", "#9f8cff",
)  # fmt: skip
"""Of the readers: told apart by those who can't tell red from green, and bright on grey."""

SLICES = 4
"""Slices of a structure."""

MAX_STRUCTURES = 12
"""Rows of a picture; the numbers tell of the others."""

MAX_READERS = len(COLORS)
"""Readers who are drawn, and are in a table of pairs: two of one colour could not be told apart."""

WORST_COLOR, BEST_COLOR = (122, 40, 40), (24, 92, 60)
WORST_DICE = 0.5
"""Of a cell's colour: red here and below, green at 1. The number stands in the cell."""

_TITLE_HEIGHT = 74
_ROW_HEADING = 46
_CELL_WIDTH, _CELL_HEIGHT = 62, 30


def write_agreement_picture(
    readers: Sequence[Reader],
    structures: Sequence[StructureAgreement],
    image: Volume | None,
    path: Path,
    *,
    title: str,
    overwrite: bool = False,
) -> None:
    """Write a PNG that shows how far readers agree.

    Args:
        readers: Who delineated what, on one grid.
        structures: How far they agree; see :func:`medseg.measurement.reader_agreement.compare_readers`.
        image: What is shown behind the outlines; None shows how many readers marked each voxel.
        path: Where to write; the folder must exist.
        title: A line at the top, without the patient's name.
        overwrite: Whether a file that is there already is replaced.

    Raises:
        GridMismatchError: The image does not lie on the readers' grid.
        OutputExistsError: The file exists and ``overwrite`` is not set.
        OutputError: It can't be written.
    """
    if image is not None:
        readers[0].label_map.grid.require_same_as(image.grid, "label map of a picture of agreement")
    rows = [_Row(one, readers, image) for one in structures[:MAX_STRUCTURES]]
    picture = _assembled(rows, readers, title, left=len(structures) - len(rows))
    with whole_file(path, overwrite=overwrite) as temporary:
        picture.save(temporary, format="PNG")


@dataclass(frozen=True, eq=False)
class _Row:
    """One structure."""

    of: StructureAgreement
    readers: Sequence[Reader]
    image: Volume | None

    def pictures(self) -> Iterator[Image.Image]:
        """The table of pairs, if there are several, and the slices."""
        if len(self.of.readers) > 2:
            yield _table_of([reader.name for reader in self._drawn][:MAX_READERS], self.of.pairs)
        axis = self._case.order.axes.index(0)
        last = self._case.volume.grid.shape_kji[0] - 1
        flipped = self._case.order.flipped[axis]
        for index in sorted((one.index for one in self.of.differing[:SLICES]), reverse=flipped):
            yield tile(self._case, axis, last - index if flipped else index)

    @property
    def _drawn(self) -> list[Reader]:
        """Those of the readers with a colour who have the structure."""
        return [reader for reader in self.readers[:MAX_READERS] if reader.has(self.of.structure.id)]

    @cached_property
    def _case(self) -> SheetCase:
        """The delineations of the readers, as structures that overlap."""
        grid = self.readers[0].label_map.grid
        masks: list[npt.NDArray[np.uint8]] = []
        structures = []
        for number, reader in enumerate(self.readers):
            if reader in self._drawn:
                layer = len(masks)
                structures.append(Structure(f"reader-{number}", reader.name, 1, COLORS[number], layer=layer))
                masks.append(reader.label_map.mask_with_parts(self.of.structure.id).view(np.uint8))
        # One layer at least: nobody with a colour may have it.
        label_map = LabelMap.painted(grid, masks or [np.zeros(grid.shape_kji, np.uint8)], structures)
        if self.image is not None:
            return SheetCase(self.image, label_map, customary_window(self.image), None)
        votes = np.asarray(sum(masks, np.zeros(grid.shape_kji, np.uint8)))
        shown = Volume(grid, votes, Quantity.ARBITRARY, Source("votes"))
        # White is left to the outlines.
        return SheetCase(shown, label_map, (0.0, 1.6 * max(len(masks), 1)), None)


def _assembled(rows: Sequence[_Row], readers: Sequence[Reader], title: str, *, left: int) -> Image.Image:
    drawn = [(row.of, list(row.pictures())) for row in rows]
    width = max([GAP + sum(shown.width + GAP for shown in pictures) for _, pictures in drawn])
    width = max(width, 3 * TILE_WIDTH)
    height = _TITLE_HEIGHT + sum(_ROW_HEADING + _height(pictures) for _, pictures in drawn)
    sheet = Image.new("RGB", (width, height + (LEGEND_LINE if left else 0)), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    draw.text((GAP, 24), fitted(title, width - 2 * GAP, 20), TEXT, font(20), "ls")
    _draw_legend(draw, readers, width)
    y = _TITLE_HEIGHT
    for of, pictures in drawn:
        _draw_heading(draw, of, y, width)
        x, y = GAP, y + _ROW_HEADING
        for shown in pictures:
            sheet.paste(shown, (x, y))
            x += shown.width + GAP
        y += _height(pictures)
    if left:
        draw.text((GAP, y + 6), f"and {left} more structures", FAINT_TEXT, font(14), "ls")
    return sheet


def _height(pictures: Sequence[Image.Image]) -> int:
    return max((shown.height + GAP for shown in pictures), default=0)


def _draw_legend(draw: ImageDraw.ImageDraw, readers: Sequence[Reader], width: int) -> None:
    x, y = float(GAP), 48
    drawn = readers[:MAX_READERS]
    left = len(readers) - len(drawn)
    each = (width - 2 * GAP) / (len(drawn) + (1 if left else 0)) - 54
    for color, reader in zip(COLORS, drawn, strict=False):
        name = fitted(reader.name, each, 14)
        draw.line((x, y, x + 22, y), color, 3)
        draw.text((x + 30, y), name, TEXT, font(14), "lm")
        x += 30 + draw.textlength(name, font(14)) + 24
    if left:
        draw.text((x, y), fitted(f"{left} more not drawn", each + 30, 14), FAINT_TEXT, font(14), "lm")


def _draw_heading(draw: ImageDraw.ImageDraw, of: StructureAgreement, y: int, width: int) -> None:
    draw.text((GAP, y + 16), fitted(of.structure.name, width - 2 * GAP, 16), TEXT, font(16), "ls")
    facts = " | ".join(_facts(of))
    draw.text((GAP, y + 36), fitted(facts, width - 2 * GAP, 13), FAINT_TEXT, font(13), "ls")


def _facts(of: StructureAgreement) -> Iterator[str]:
    if len(of.pairs) == 1:
        yield from _facts_of_two(of.pairs[0])
    elif of.pairs:
        dices = [pair.agreement.dice for pair in of.pairs]
        yield f"Dice of two readers {min(dices):.3f} to {max(dices):.3f}"
        yield "below the diagonal Dice, above HD95 in mm"
    if of.missing:
        yield f"not delineated by {', '.join(of.missing)}"
    if of.pairs and not of.differing:
        yield "the same voxels"


def _facts_of_two(pair: PairAgreement) -> Iterator[str]:
    one = pair.agreement
    yield f"{one.first_mm3 / MM3_PER_ML:.4g} and {one.second_mm3 / MM3_PER_ML:.4g} ml"
    yield f"Dice {one.dice:.4f}"
    if one.hd95_mm is not None:
        yield f"HD95 {one.hd95_mm:.2f} mm, average distance {one.assd_mm:.2f} mm"
    yield f"surface Dice {one.surface_dice:.4f} at {one.tolerance_mm:g} mm"


def _table_of(names: Sequence[str], pairs: Sequence[PairAgreement]) -> Image.Image:
    """Readers against readers: Dice below the diagonal, HD95 in mm above it."""
    size = len(names)
    picture = Image.new("RGB", ((size + 1) * _CELL_WIDTH, (size + 1) * _CELL_HEIGHT), BACKGROUND)
    draw = ImageDraw.Draw(picture)
    for number, name in enumerate(names):
        short = fitted(name, _CELL_WIDTH - 6, 12)
        _draw_cell(draw, 0, number + 1, short, None)
        _draw_cell(draw, number + 1, 0, short, None)
    place = {name: number + 1 for number, name in enumerate(names)}
    for pair in pairs:
        if pair.first in place and pair.second in place:
            upper, lower = sorted((place[pair.first], place[pair.second]))
            color = _cell_color(pair.agreement.dice)
            hd95_mm = pair.agreement.hd95_mm
            _draw_cell(draw, lower, upper, f"{pair.agreement.dice:.3f}", color)
            _draw_cell(draw, upper, lower, "-" if hd95_mm is None else f"{hd95_mm:.1f}", color)
    return picture


def _draw_cell(
    draw: ImageDraw.ImageDraw, row: int, column: int, text: str, color: tuple[int, int, int] | None
) -> None:
    x, y = column * _CELL_WIDTH, row * _CELL_HEIGHT
    if color is not None:
        draw.rectangle((x + 1, y + 1, x + _CELL_WIDTH - 2, y + _CELL_HEIGHT - 2), color)
    middle = (x + _CELL_WIDTH / 2, y + _CELL_HEIGHT / 2)
    draw.text(middle, text, TEXT if color else FAINT_TEXT, font(12), "mm")


def _cell_color(dice: float) -> tuple[int, int, int]:
    share = min(max((dice - WORST_DICE) / (1 - WORST_DICE), 0.0), 1.0)
    red, green, blue = (
        round(worst + share * (best - worst)) for worst, best in zip(WORST_COLOR, BEST_COLOR, strict=True)
    )
    return red, green, blue
