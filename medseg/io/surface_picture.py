"""A 3-D picture of structures: their smoothed surfaces, lit, as seen from one side of the patient.

The picture is orthographic, so that a scale holds everywhere in it. What contains other structures is drawn
like glass, clear in the middle and dense at its rim, so that they are seen; everything else is opaque.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageColor, ImageDraw

from medseg.io.contact_sheet import font
from medseg.labelmap import LabelMap, Structure
from medseg.labelmap.surface import Surface, surface_of
from medseg.measurement.structures import StructureVoxels, voxels_of_each
from medseg.space import Grid

FloatArray = npt.NDArray[np.float64]
Colors = npt.NDArray[np.float32]

PAPER = "#ffffff"
INK = "#3c434a"

SUPERSAMPLING = 2
"""Drawn this much larger and averaged: edges are smooth."""

MARGIN = 0.09
"""Of the picture's width, on each side: room for the letters."""

MAX_VOXELS = 128
"""Along each axis of a structure: finer voxels would not be seen in a picture of a few hundred pixels."""

SMOOTHING_ITERATIONS = 60
"""More than an exported surface has: nobody measures in the picture, and thick slices show as terraces."""

LIGHT = (-0.42, -0.55, -0.72)
"""Towards the light: right, down and away from who looks. From above, over the left shoulder."""

AMBIENT = 0.38
GLOSS, GLOSS_EXPONENT = 0.14, 24
SHADE_EXPONENT = 1.4
TOWARDS_LOOKER = np.array([0, 0, -1], np.float32)

SCALES_MM = (200, 100, 50, 20, 10, 5, 2, 1)
MAX_SCALE = 0.3


@dataclass(frozen=True)
class Side:
    """From where structures are looked at.

    Attributes:
        name: Such as ``from the front``.
        axes_lps: Rows: right, down and away from who looks, in LPS.
        letters: At the left, right, top and bottom of the picture.
    """

    name: str
    axes_lps: tuple[tuple[float, float, float], ...]
    letters: tuple[str, str, str, str]


FRONT = Side("from the front", ((1, 0, 0), (0, 0, -1), (0, 1, 0)), ("R", "L", "S", "I"))
LEFT = Side("from the patient's left", ((0, 1, 0), (0, 0, -1), (-1, 0, 0)), ("A", "P", "S", "I"))


class Material(Enum):
    """How dense a surface is where it faces who looks, and where it is seen along itself."""

    OPAQUE = (1.0, 1.0)
    CLOUDED = (0.6, 0.95)
    """A part with parts of its own: a tumour with a necrosis."""
    GLASS = (0.16, 0.75)
    """A whole that is part of nothing: a liver."""


@dataclass(frozen=True, eq=False)
class Body:
    """A structure to be drawn.

    Attributes:
        surface: Its surface, with all that is part of it.
        material: How far something inside it is to be seen.
    """

    surface: Surface
    material: Material


@dataclass(frozen=True, eq=False)
class Scene:
    """What is drawn, at one scale from all sides.

    Attributes:
        bodies: At least one.
        pixels: Width and height of the square pictures.
    """

    bodies: tuple[Body, ...]
    pixels: int

    @cached_property
    def bounds_lps_mm(self) -> tuple[FloatArray, FloatArray]:
        """The corners of the box around everything."""
        vertices = [body.surface.vertices_lps_mm for body in self.bodies]
        low = np.min([points.min(axis=0) for points in vertices], axis=0)
        return low, np.max([points.max(axis=0) for points in vertices], axis=0)

    @property
    def pixels_per_mm(self) -> float:
        """The scale of the finished pictures."""
        low, high = self.bounds_lps_mm
        return self.pixels * (1 - 2 * MARGIN) / float((high - low).max())

    def picture(self, side: Side) -> Image.Image:
        """The structures as seen from one side, with letters and a scale."""
        size = self.pixels * SUPERSAMPLING
        # What is opaque hides what lies behind it: one layer for all of it is enough.
        solid = [body for body in self.bodies if body.material is Material.OPAQUE]
        groups = [solid, *([body] for body in self.bodies if body.material is not Material.OPAQUE)]
        shown = _composed([self._drawn(group, side, size) for group in groups if group], size)
        picture = Image.fromarray(np.rint(shown * 255).astype(np.uint8)).reduce(SUPERSAMPLING)
        _annotate(picture, side, self.pixels_per_mm)
        return picture

    def _drawn(self, bodies: Sequence[Body], side: Side, size: int) -> _Drawn:
        """Bodies of one material in one layer."""
        # Imported here: compiled loops.
        from medseg.io.surface_picture_loops import draw_triangles

        axes = np.array(side.axes_lps, dtype=np.float64)
        middle = sum(self.bounds_lps_mm) / 2
        depth = np.full((size, size), np.inf, np.float32)
        normals = np.zeros((size, size, 3), np.float32)
        owner = np.zeros((size, size), np.int32)
        for number, body in enumerate(bodies):
            corners = (body.surface.vertices_lps_mm - middle) @ axes.T
            corners[:, :2] = size / 2 + corners[:, :2] * self.pixels_per_mm * SUPERSAMPLING
            turned = body.surface.normals_lps @ axes.T
            draw_triangles(corners, turned, body.surface.triangles, number, depth, normals, owner)
        colors = np.array([_rgb(body.surface.structure.color) for body in bodies])
        return _lit(bodies[0].material, colors[owner], depth, normals)


def scene_of(label_map: LabelMap, *, pixels: int, structure_ids: Iterable[str] | None = None) -> Scene | None:
    """Make the surfaces of structures.

    Args:
        label_map: On any grid.
        pixels: Width and height of the pictures.
        structure_ids: Which structures; None for all.

    Returns:
        None where none of them has voxels.
    """
    cut = [voxels for voxels in voxels_of_each(label_map, structure_ids) if not voxels.is_empty]
    wholes = {voxels.structure.part_of for voxels in cut}
    bodies = tuple(Body(_surface(voxels), _material(voxels.structure, wholes)) for voxels in cut)
    return Scene(bodies, pixels) if bodies else None


def _material(structure: Structure, wholes: Collection[str | None]) -> Material:
    if structure.id not in wholes:
        return Material.OPAQUE
    return Material.CLOUDED if structure.part_of else Material.GLASS


def _surface(voxels: StructureVoxels) -> Surface:
    mask, grid = _coarser(voxels.mask, voxels.grid)
    alone = replace(voxels.structure, label=1, part_of=None, layer=0)
    return surface_of(
        LabelMap.painted(grid, [mask.view(np.uint8)], [alone]),
        alone.id,
        smoothing_iterations=SMOOTHING_ITERATIONS,
    )


def _coarser(mask: npt.NDArray[np.bool_], grid: Grid) -> tuple[npt.NDArray[np.bool_], Grid]:
    """Every n-th voxel along each axis, where there are more than a picture shows."""
    steps = [max(-(-count // MAX_VOXELS), 1) for count in mask.shape]
    if max(steps) == 1:
        return mask, grid
    k, j, i = steps
    fewer = np.ascontiguousarray(mask[::k, ::j, ::i])
    if not fewer.any():
        return mask, grid
    affine = grid.index_to_lps_mm @ np.diag([*steps, 1.0])
    return fewer, Grid(fewer.shape, affine, grid.frame_of_reference_uid)


@dataclass(frozen=True, eq=False)
class _Drawn:
    """One layer: its depth, colour and density at each pixel."""

    depth: npt.NDArray[np.float32]
    color: Colors
    density: npt.NDArray[np.float32]


def _lit(
    material: Material, own_color: Colors, depth: npt.NDArray[np.float32], normals: npt.NDArray[np.float32]
) -> _Drawn:
    length = np.linalg.norm(normals, axis=2, keepdims=True)
    normals = np.asarray(normals / np.where(length > 0, length, 1), np.float32)
    light = _unit(LIGHT)
    # Blinn and Phong's gloss: brightest where the normal lies half-way between light and looker.
    half = _unit(light + TOWARDS_LOOKER)
    # Softer than Lambert's cosine: no side of a structure is in full shadow.
    diffuse = ((normals @ light).clip(-1, 1) + 1) / 2
    gloss = GLOSS * (normals @ half).clip(0, 1) ** GLOSS_EXPONENT
    shade = AMBIENT + (1 - AMBIENT) * diffuse**SHADE_EXPONENT
    color = (own_color * shade[..., None] + gloss[..., None]).clip(0, 1)
    density = np.isfinite(depth).astype(np.float32)
    if material is not Material.OPAQUE:
        facing, rim = material.value
        density *= facing + (rim - facing) * (1 - np.abs(normals[..., 2])) ** 2
    return _Drawn(depth, color.astype(np.float32), density)


def _unit(vector: npt.ArrayLike) -> npt.NDArray[np.float32]:
    found = np.asarray(vector, np.float32)
    return np.asarray(found / np.linalg.norm(found), np.float32)


def _rgb(color: str) -> npt.NDArray[np.float32]:
    return np.asarray(ImageColor.getrgb(color), np.float32) / np.float32(255)


def _composed(drawn: Sequence[_Drawn], size: int) -> Colors:
    """Lay the structures over each other, the farthest first at each pixel."""
    shown = np.broadcast_to(_rgb(PAPER), (size, size, 3)).copy()
    order = np.argsort([-one.depth for one in drawn], axis=0, kind="stable")
    for layer in order:
        for number, one in enumerate(drawn):
            here = (layer == number) & (one.density > 0)
            density = one.density[here, None]
            shown[here] = shown[here] * (1 - density) + one.color[here] * density
    return shown


def _annotate(picture: Image.Image, side: Side, pixels_per_mm: float) -> None:
    draw = ImageDraw.Draw(picture)
    width, height = picture.size
    left, right, top, bottom = side.letters
    for letter, xy, anchor in (
        (left, (4, height / 2), "lm"),
        (right, (width - 4, height / 2), "rm"),
        (top, (width / 2, 3), "mt"),
        (bottom, (width / 2, height - 3), "mb"),
    ):
        draw.text(xy, letter, INK, font(13), anchor)
    longest = width * MAX_SCALE
    mm = next((length for length in SCALES_MM if length * pixels_per_mm <= longest), SCALES_MM[-1])
    x, y = 8, height - 10
    draw.line((x, y, x + mm * pixels_per_mm, y), INK, 2)
    draw.text((x, y - 4), f"{mm} mm", INK, font(12), "ls")
