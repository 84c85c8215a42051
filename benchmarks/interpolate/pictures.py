"""Pictures of completions, of phantoms alone: no patient is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from interpolate.cases import MARGIN, given_slices, mixed_slices
from interpolate.metrics import dice_not_given, not_given
from interpolate.ours import complete
from interpolate.peer import ItkPeer
from medseg.contour import Slice, trace_slice
from medseg.space import Grid
from medseg.workflows.sample_data import sample_volume

Mask = npt.NDArray[np.bool_]

FOLDER = Path(__file__).parents[2] / "docs" / "images"

TILE_PX = 300
SUPERSAMPLING = 3
CAPTION_PX = 26
ROW_NAME_PX = 92
GAP_PX = 8

BACKGROUND = "#101216"
TEXT = "#e8eaed"
FAINT_TEXT = "#9aa0a6"
RIGHT = (92, 98, 108)
MISSED = (70, 130, 220)
TOO_MUCH = (232, 132, 40)
OUTLINE = "#f4f4f4"
DRAWN = "#8be28b"


@dataclass(frozen=True, eq=False)
class Scene:
    """What one picture shows.

    Attributes:
        name: Of its file.
        truth: The structure with a margin.
        grid: Its grid.
        drawn: The slices that were given.
    """

    name: str
    truth: Mask
    grid: Grid
    drawn: Mapping[Slice, Mask]


def draw_all(peer: ItkPeer) -> list[Path]:
    """Draw the pictures and return their files."""
    return [_draw(scene, peer) for scene in _scenes()]


def _scenes() -> list[Scene]:
    tumour, grid = _cropped("brain", "oedema")
    vessels, vessel_grid = _cropped("abdomen", "vessels")
    lobes, lobe_grid = _cropped("abdomen", "tumour")
    return [
        Scene("interpolation-tumour", tumour, grid, given_slices(tumour, 0, 4)),
        Scene("interpolation-branches", vessels, vessel_grid, given_slices(vessels, 0, 3)),
        Scene("interpolation-mixed", lobes, lobe_grid, mixed_slices(lobes, 8, 3, 3)),
    ]


def _cropped(phantom: str, structure: str) -> tuple[Mask, Grid]:
    """A structure of a phantom, alone on an upright grid of the same spacing."""
    _, truth = sample_volume(phantom, "full")
    mask = truth.mask_with_parts(structure)
    window = tuple(
        slice(max(int(index.min()) - MARGIN, 0), int(index.max()) + MARGIN + 1) for index in np.nonzero(mask)
    )
    cropped = np.ascontiguousarray(mask[window])
    k, j, i = truth.grid.spacing_kji_mm
    return cropped, Grid(cropped.shape, np.array([[0, 0, i, 0], [0, j, 0, 0], [k, 0, 0, 0], [0, 0, 0, 1.0]]))


def _draw(scene: Scene, peer: ItkPeer) -> Path:
    theirs = peer.complete(scene.drawn, scene.truth.shape, scene.grid.spacing_kji_mm).mask
    ours = complete(scene.drawn, scene.grid)
    columns = {"truth and drawn planes": None, "ITK-MCI": theirs, "medseg": ours}
    rows = {"axial": Slice(0, _telling(scene, theirs, 0)), "coronal": Slice(1, _telling(scene, theirs, 1))}
    tiles = [[_tile(scene, where, found) for found in columns.values()] for where in rows.values()]
    heads = [
        name if found is None else f"{name}: Dice {dice_not_given(found, scene.truth, scene.drawn):.3f}"
        for name, found in columns.items()
    ]
    names = [f"{name}\n{where}" for name, where in rows.items()]
    path = FOLDER / f"{scene.name}.png"
    _assembled(tiles, heads, names).save(path, optimize=True)
    return path


def _telling(scene: Scene, found: Mask, axis: int) -> int:
    """The slice that nobody drew on which the peer errs most."""
    wrong = (found != scene.truth) & not_given(scene.truth.shape, scene.drawn)
    return int(np.argmax(wrong.sum(axis=tuple(a for a in range(3) if a != axis))))


def _tile(scene: Scene, where: Slice, found: Mask | None) -> Image.Image:
    truth = scene.truth.take(where.index, where.axis)
    colours = np.full((*truth.shape, 3), (16, 18, 22), dtype=np.uint8)
    if found is not None:
        cut = found.take(where.index, where.axis)
        colours[cut & truth] = RIGHT
        colours[truth & ~cut] = MISSED
        colours[cut & ~truth] = TOO_MUCH
    down_mm, across_mm = (mm for axis, mm in enumerate(scene.grid.spacing_kji_mm) if axis != where.axis)
    height_mm, width_mm = truth.shape[0] * down_mm, truth.shape[1] * across_mm
    scale = TILE_PX * SUPERSAMPLING / max(height_mm, width_mm)
    size = max(round(width_mm * scale), 1), max(round(height_mm * scale), 1)
    picture = Image.fromarray(colours).resize(size, Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(picture)
    per_voxel = (size[0] / truth.shape[1], size[1] / truth.shape[0])
    if found is None:
        _draw_planes(draw, scene, where, size, per_voxel)
    _outline(draw, truth, scene.grid, where, per_voxel)
    if where.axis:
        # The head is up.
        picture = picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    tile = Image.new("RGB", (TILE_PX * SUPERSAMPLING,) * 2, BACKGROUND)
    tile.paste(picture, ((tile.width - size[0]) // 2, (tile.height - size[1]) // 2))
    return tile.reduce(SUPERSAMPLING)


def _draw_planes(
    draw: ImageDraw.ImageDraw,
    scene: Scene,
    shown: Slice,
    size: tuple[int, int],
    per_voxel: tuple[float, float],
) -> None:
    """The drawn planes as lines across, bright where the structure was drawn."""
    down = next(axis for axis in range(3) if axis != shown.axis)
    for where, mask in scene.drawn.items():
        if where.axis == shown.axis:
            continue
        horizontal = where.axis == down
        width, step = (size[0], per_voxel[1]) if horizontal else (size[1], per_voxel[0])
        at = (where.index + 0.5) * step
        kept = [axis for axis in range(3) if axis != where.axis]
        along = mask.take(shown.index, kept.index(shown.axis))
        ends = [((0, at), (width, at)) if horizontal else ((at, 0), (at, width))]
        draw.line(ends[0], FAINT_TEXT, SUPERSAMPLING)
        voxel = per_voxel[0] if horizontal else per_voxel[1]
        for position in np.flatnonzero(along):
            first, last = position * voxel, (position + 1) * voxel
            ends = ((first, at), (last, at)) if horizontal else ((at, first), (at, last))
            draw.line(ends, DRAWN, 3 * SUPERSAMPLING)


def _outline(
    draw: ImageDraw.ImageDraw, mask: Mask, grid: Grid, where: Slice, per_voxel: tuple[float, float]
) -> None:
    for contour in trace_slice(mask, grid, where, "truth"):
        index = np.delete(grid.to_index(contour.points_lps_mm), where.axis, axis=1)
        points = [
            ((column + 0.5) * per_voxel[0], (row + 0.5) * per_voxel[1])
            for row, column in (*index, *index[:2])
        ]
        draw.line(points, OUTLINE, round(1.3 * SUPERSAMPLING), joint="curve")


def _assembled(tiles: list[list[Image.Image]], heads: list[str], names: list[str]) -> Image.Image:
    width = ROW_NAME_PX + len(heads) * (TILE_PX + GAP_PX)
    height = CAPTION_PX + len(tiles) * (TILE_PX + GAP_PX)
    sheet = Image.new("RGB", (width, height), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    for column, head in enumerate(heads):
        middle = ROW_NAME_PX + column * (TILE_PX + GAP_PX) + TILE_PX / 2
        draw.text((middle, CAPTION_PX - 7), head, TEXT, _font(15), "ms")
    for row, (name, line) in enumerate(zip(names, tiles, strict=True)):
        top = CAPTION_PX + row * (TILE_PX + GAP_PX)
        draw.multiline_text((GAP_PX, top + TILE_PX / 2), name, FAINT_TEXT, _font(14), "lm")
        for column, tile in enumerate(line):
            sheet.paste(tile, (ROW_NAME_PX + column * (TILE_PX + GAP_PX), top))
    return sheet


@cache
def _font(size: int) -> Any:
    return ImageFont.load_default(size)
