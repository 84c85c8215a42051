"""A contact sheet: one PNG that shows a label map on its image, slice by slice.

Slices of the acquisition are shown the way a radiologist expects them, with their true proportions and
the outline of each structure at its sub-voxel place; below them one slice in each of the other two
directions and a legend. Nothing of the patient is written but the anatomy itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from medseg.contour import Slice, trace_slice
from medseg.io.atomic import whole_file
from medseg.io.contact_sheet_case import VIEWS, SheetCase, View
from medseg.labelmap import LabelMap, Structure
from medseg.volume import Quantity, Volume

WINDOWS = {Quantity.HU: (-160.0, 240.0)}
"""Values shown as black and white where nothing else is asked for: the abdominal window 40/400 of CT."""

WINDOW_PERCENTILES = (1.0, 99.5)
"""The window of quantities that have no customary one."""

SUPERSAMPLING = 3
"""Outlines are drawn this much larger and averaged, which smooths their edges."""

TILE_WIDTH = 300
CAPTION_HEIGHT = 22
GAP = 10
LEGEND_LINE = 24
LEGEND_WIDTH = 230
TITLE_HEIGHT = 56
LINE_WIDTH = 1.5
"""Pixels of the finished picture."""

BACKGROUND = "#101216"
TEXT = "#e8eaed"
FAINT_TEXT = "#9aa0a6"
DRAWN_TEXT = "#8be28b"


def write_contact_sheet(
    volume: Volume,
    label_map: LabelMap,
    path: Path,
    *,
    title: str,
    columns: int = 4,
    max_slices: int = 12,
    window: tuple[float, float] | None = None,
    drawn: Mapping[str, Sequence[int]] | None = None,
    overwrite: bool = False,
) -> None:
    """Write a PNG with the outlines of all structures on a choice of slices.

    Args:
        volume: The image.
        label_map: The structures, on the image's grid.
        path: Where to write; the folder must exist.
        title: A line at the top. Whoever calls must keep the patient's name out of it.
        columns: Slices side by side.
        max_slices: At most this many slices of the acquisition, spread evenly over those with structures.
        window: The values shown as black and white; by default what is customary for the quantity.
        drawn: For each structure id the slices (array index k) that a person drew. If given, each slice
            says whether it was drawn, with a mark for each structure: full where drawn, open where not.
        overwrite: Whether a file that is there already is replaced.

    Raises:
        GridMismatchError: Image and label map lie on different grids.
        OutputExistsError: The file exists and ``overwrite`` is not set.
        OutputError: The file can't be written.
    """
    if columns < 1 or max_slices < 1:
        raise ValueError(f"expected at least one column and one slice, got {columns} and {max_slices}")
    label_map.grid.require_same_as(volume.grid, "label map of a contact sheet")
    case = SheetCase(volume, label_map, window or customary_window(volume), drawn)
    main_axis = case.order.axes.index(0)
    main_tiles = [tile(case, main_axis, index) for index in chosen(case, main_axis, max_slices)]
    cross_tiles = [tile(case, axis, case.focus(axis)) for axis in range(3) if axis != main_axis]
    sheet = _assembled(main_tiles, cross_tiles, _legend(case), _heading(case, title), columns)
    with whole_file(path, overwrite=overwrite) as temporary:
        sheet.save(temporary, format="PNG")


def customary_window(volume: Volume) -> tuple[float, float]:
    """Values shown as black and white where nothing else is asked for."""
    if volume.quantity in WINDOWS:
        return WINDOWS[volume.quantity]
    finite = volume.voxels[np.isfinite(volume.voxels)]
    if not finite.size:
        return 0.0, 1.0
    low, high = (float(value) for value in np.percentile(finite, WINDOW_PERCENTILES))
    return low, high if high > low else low + 1


def chosen(case: SheetCase, axis: int, most: int) -> list[int]:
    """Slices with structures, spread evenly, from the first of the array to the last."""
    where = case.positions(axis)
    if not len(where):
        where = np.arange(case.occupied.shape[axis])
    if len(where) > most:
        # The first and last slice show next to nothing of a structure: leave them out.
        where = where[np.rint(np.linspace(0, len(where) - 1, most + 2)[1:-1]).astype(int)]
    indices = [int(index) for index in where]
    return indices[::-1] if case.order.flipped[axis] else indices


def tile(case: SheetCase, axis: int, index: int) -> Image.Image:
    """One slice with outlines, letters and a caption above it."""
    view, size = VIEWS[axis], _size(case, axis)
    picture = _picture(case, axis, index, size)
    where = case.array_slice(axis, index)
    present = _draw_outlines(ImageDraw.Draw(picture), case, axis, where, size)
    picture = picture.reduce(SUPERSAMPLING)
    _draw_orientation(picture, case, view)
    tile = Image.new("RGB", (size[0], size[1] + CAPTION_HEIGHT), BACKGROUND)
    tile.paste(picture, (0, CAPTION_HEIGHT))
    _draw_caption(tile, case, axis, where, present)
    return tile


def on_tile(case: SheetCase, axis: int, points_lps_mm: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Take points ``(..., 3)`` in patient mm to pixels (x, y) of a tile."""
    enlarged = _on_screen(case, axis, points_lps_mm, _size(case, axis))
    return (enlarged + 0.5) / SUPERSAMPLING - 0.5 + [0, CAPTION_HEIGHT]


def _size(case: SheetCase, axis: int) -> tuple[int, int]:
    """Width and height of a picture in pixels."""
    view, scale = VIEWS[axis], pixels_per_mm(case)
    (top, bottom), (left, right) = case.box[view.down], case.box[view.across]
    height_mm = (bottom - top) * case.spacing_mm[view.down]
    width_mm = (right - left) * case.spacing_mm[view.across]
    return max(round(width_mm * scale), 1), max(round(height_mm * scale), 1)


def pixels_per_mm(case: SheetCase) -> float:
    """The scale of every tile of a case."""
    across = VIEWS[case.order.axes.index(0)].across
    first, last = case.box[across]
    return TILE_WIDTH / ((last - first) * case.spacing_mm[across])


def _picture(case: SheetCase, axis: int, index: int, size: tuple[int, int]) -> Image.Image:
    view = VIEWS[axis]
    plane = case.order.apply(case.volume.voxels).take(index, axis)
    if view.down > view.across:
        plane = plane.T
    plane = plane[slice(*case.box[view.down]), slice(*case.box[view.across])]
    if view.upward:
        plane = plane[::-1]
    low, high = case.window
    grey = np.clip((np.nan_to_num(plane.astype(np.float32)) - low) / (high - low), 0, 1)
    image = Image.fromarray(np.rint(grey * 255).astype(np.uint8))
    enlarged = (size[0] * SUPERSAMPLING, size[1] * SUPERSAMPLING)
    return image.resize(enlarged, Image.Resampling.BICUBIC).convert("RGB")


def _draw_outlines(
    draw: ImageDraw.ImageDraw, case: SheetCase, axis: int, where: Slice, size: tuple[int, int]
) -> list[Structure]:
    """Draw the outline of each structure on a slice; returns those that are there."""
    present = []
    for structure in case.label_map.structures:
        mask = case.mask_with_parts(structure, where)
        if not mask.any():
            continue
        present.append(structure)
        for contour in trace_slice(mask, case.volume.grid, where, structure.id):
            points = _on_screen(case, axis, contour.points_lps_mm, size)
            closed = [(float(x), float(y)) for x, y in (*points, *points[:2])]
            draw.line(closed, structure.color, round(LINE_WIDTH * SUPERSAMPLING), joint="curve")
    return present


def _on_screen(
    case: SheetCase, axis: int, points_lps_mm: npt.NDArray[np.float64], size: tuple[int, int]
) -> npt.NDArray[np.float64]:
    """Take points on a slice to pixels (x, y) of the enlarged picture."""
    view = VIEWS[axis]
    index = case.order.to_anatomical(case.volume.grid.to_index(points_lps_mm))
    (top, bottom), (left, right) = case.box[view.down], case.box[view.across]
    # An integer index is a voxel's centre, half a voxel from the edge of the picture.
    across = (index[:, view.across] + 0.5 - left) / (right - left)
    down = (index[:, view.down] + 0.5 - top) / (bottom - top)
    if view.upward:
        down = 1 - down
    # Pillow's integer coordinates are the centres of pixels too.
    return np.stack([across * size[0], down * size[1]], axis=1) * SUPERSAMPLING - 0.5


def _draw_orientation(picture: Image.Image, case: SheetCase, view: View) -> None:
    draw = ImageDraw.Draw(picture)
    width, height = picture.size
    right, left = (case.letters(view.across, toward) for toward in (1, -1))
    bottom, top = (case.letters(view.down, toward) for toward in (1, -1))
    if view.upward:
        bottom, top = top, bottom
    places = (
        (left, (4, height / 2), "lm"),
        (right, (width - 4, height / 2), "rm"),
        (top, (width / 2, 3), "mt"),
        (bottom, (width / 2, height - 3), "mb"),
    )
    for letters, xy, anchor in places:
        draw.text(xy, letters, TEXT, font(13), anchor, stroke_width=2, stroke_fill=BACKGROUND)


def _draw_caption(
    tile: Image.Image, case: SheetCase, axis: int, where: Slice, present: Sequence[Structure]
) -> None:
    draw = ImageDraw.Draw(tile)
    caption = f"{'kji'[where.axis]} {where.index}"
    draw.text((0, CAPTION_HEIGHT - 5), caption, TEXT, font(14), "ls")
    offset = draw.textlength(caption, font(14)) + 10
    draw.text((offset, CAPTION_HEIGHT - 5), case.position(axis, where), FAINT_TEXT, font(13), "ls")
    if case.drawn is None or where.axis != 0 or not present:
        return
    by_hand = [where.index in case.drawn.get(s.id, ()) for s in present]
    word, color = ("drawn", DRAWN_TEXT) if any(by_hand) else ("interpolated", FAINT_TEXT)
    draw.text((tile.width - 1, CAPTION_HEIGHT - 5), word, color, font(13), "rs")
    for number, (structure, full) in enumerate(zip(present, by_hand, strict=True)):
        box = (6 + 14 * number, tile.height - 16, 15 + 14 * number, tile.height - 7)
        draw.ellipse(box, structure.color if full else None, structure.color, 2)


def _legend(case: SheetCase) -> Image.Image:
    names = {s.id: s.name for s in case.label_map.structures}
    lines = [
        (s.color, s.name + (f"  (in {names[s.part_of]})" if s.part_of else ""), True)
        for s in case.label_map.structures
    ]
    if case.drawn is not None:
        lines += [(FAINT_TEXT, "drawn by a person", True), (FAINT_TEXT, "interpolated", False)]
    legend = Image.new("RGB", (LEGEND_WIDTH, max(len(lines), 1) * LEGEND_LINE + GAP), BACKGROUND)
    draw = ImageDraw.Draw(legend)
    for number, (color, text, full) in enumerate(lines):
        y = GAP + number * LEGEND_LINE
        draw.ellipse((0, y, 12, y + 12), color if full else None, color, 2)
        draw.text((22, y + 6), fitted(text, LEGEND_WIDTH - 22, 14), TEXT, font(14), "lm")
    return legend


def _heading(case: SheetCase, title: str) -> tuple[str, str]:
    k, j, i = case.volume.grid.shape_kji
    dk, dj, di = case.volume.grid.spacing_kji_mm
    low, high = case.window
    facts = (
        f"{k} x {j} x {i} voxels (k, j, i) | {dk:.4g} x {dj:.4g} x {di:.4g} mm | "
        f"window {low:.4g} to {high:.4g} {case.volume.quantity.unit}"
    )
    return title, facts.rstrip()


def _assembled(
    main: Sequence[Image.Image],
    cross: Sequence[Image.Image],
    legend: Image.Image,
    heading: tuple[str, str],
    columns: int,
) -> Image.Image:
    rows = [list(main[start : start + columns]) for start in range(0, len(main), columns)]
    rows.append([*cross, legend])
    width = GAP + max(sum(tile.width + GAP for tile in row) for row in rows)
    height = TITLE_HEIGHT + sum(max(tile.height for tile in row) + GAP for row in rows)
    sheet = Image.new("RGB", (width, height), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    title, facts = heading
    draw.text((GAP, 24), fitted(title, width - 2 * GAP, 20), TEXT, font(20), "ls")
    draw.text((GAP, 44), fitted(facts, width - 2 * GAP, 13), FAINT_TEXT, font(13), "ls")
    y = TITLE_HEIGHT
    for row in rows:
        x = GAP
        for tile in row:
            sheet.paste(tile, (x, y))
            x += tile.width + GAP
        y += max(tile.height for tile in row) + GAP
    return sheet


def fitted(text: str, width: float, size: int) -> str:
    """One line, cut where it would be wider than so many pixels."""
    line = " ".join(text.split())
    if font(size).getlength(line) <= width:
        return line
    while line and font(size).getlength(line + "...") > width:
        line = line[:-1]
    return line + "..."


@cache
def font(size: int) -> Any:
    """Pillow's own font: the same on every machine."""
    return ImageFont.load_default(size)
