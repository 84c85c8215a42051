"""Planes of a small oblique image to draw on without a window, and how a hand works on them."""

from __future__ import annotations

import numpy as np
import shapely

from medseg.contour import Slice
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume
from napari_medseg.case import Case
from napari_medseg.case_slate import CaseSlate

SHAPE_KJI = (26, 54, 66)
SPACING_KJI_MM = (2.5, 1.2, 0.9)
MM_PER_PX = 0.5
INSIDE_HU, OUTSIDE_HU = 120.0, 20.0
BALL_RADIUS_MM = 16.0
POINT_MM = 1.0


def made_grid():
    """Turned by 20° about the patient's left and by 10° about his front."""
    a, b = np.radians(20), np.radians(10)
    about_left = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_front = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    i, j, k = (about_left @ about_front).T
    steps = [mm * axis for mm, axis in zip(SPACING_KJI_MM, (k, j, i), strict=True)]
    return Grid.from_axes(
        SHAPE_KJI, origin_lps_mm=(-30, 12, -170), step_k_mm=steps[0], step_j_mm=steps[1], step_i_mm=steps[2]
    )


GRID = made_grid()
BALL_KJI = (np.array(SHAPE_KJI) - 1) / 2
BALL_LPS_MM = GRID.to_lps_mm([BALL_KJI])[0]


def made_case(noise_hu=4.0):
    """A bright ball in the middle, with a soft edge half-way between its values, and one structure."""
    index = np.moveaxis(np.indices(SHAPE_KJI), 0, -1)
    depth_mm = BALL_RADIUS_MM - np.linalg.norm((index - BALL_KJI) * SPACING_KJI_MM, axis=-1)
    values = OUTSIDE_HU + (INSIDE_HU - OUTSIDE_HU) / (1 + np.exp(-2 * depth_mm))
    values += np.random.default_rng(1).normal(0, noise_hu, SHAPE_KJI)
    volume = Volume(GRID, values.astype(np.float32), Quantity.HU, Source("phantom", modality="CT"))
    case = Case(volume, "phantom")
    case.add_structure("Tumour")
    return case


def slate_on(case, axis, off=0):
    """The plane through the ball's middle along an axis, or some slices beside it."""
    where = Slice(axis, SHAPE_KJI[axis] // 2 + off)
    return CaseSlate(case, "tumour", GRID, where, GRID.plane(axis, where.index), MM_PER_PX)


def middle(slate):
    """The ball's middle in the plane's frame."""
    return slate.plane.to_plane_mm(BALL_LPS_MM)


def moved(at, u_mm, v_mm):
    """A point beside another one."""
    return at + np.array([u_mm, v_mm])


def ring(centre, radius_mm, count=None, start=0.0, turns=1.0):
    """Points around a centre, those of one turn each once; by default so far apart that a tool takes all."""
    count = count or max(5, int(2 * np.pi * radius_mm / POINT_MM))
    angles = start + np.linspace(0, turns * 2 * np.pi, count, endpoint=turns != 1.0)
    return np.asarray(centre) + radius_mm * np.column_stack([np.cos(angles), np.sin(angles)])


def stroke(tool, slate, path, *, shift=False):
    """Press, move, release."""
    tool.press(slate, path[0], shift=shift)
    for at in path[1:]:
        tool.drag(at)
    tool.release(path[-1])


def clicks(tool, slate, path):
    """Click at each place."""
    for at in path:
        tool.hover(slate, at)
        tool.press(slate, at)
        tool.release(at)


def region(contours, plane):
    """What contours enclose, in mm of a plane: outer ones without holes."""
    rings = [(shapely.Polygon(plane.to_plane_mm(c.points_lps_mm)), c.hole) for c in contours]
    outer = shapely.union_all([piece for piece, hole in rings if not hole])
    return outer.difference(shapely.union_all([piece for piece, hole in rings if hole]))


def polygon(points):
    """What points enclose."""
    return shapely.Polygon(points)


def apart_mm(first, second):
    """The largest distance between two outlines."""
    return shapely.hausdorff_distance(first.boundary, second.boundary, densify=0.05)
