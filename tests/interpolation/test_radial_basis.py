"""Radial basis functions: contours on planes of any direction → a whole structure."""

from __future__ import annotations

import numpy as np
import pytest

from medseg.contour import Slice
from medseg.contour.sheet import Sheet, height
from medseg.errors import Cancelled
from medseg.interpolation.cavities import taken_apart
from medseg.interpolation.drawn import DrawnStructure
from medseg.interpolation.pins import pin
from medseg.interpolation.radial_basis import complete
from medseg.space import Grid

SHAPE = (24, 60, 64)
UPRIGHT = Grid.from_axes(
    SHAPE, origin_lps_mm=(-30, -40, 5), step_k_mm=(0, 0, 3), step_j_mm=(0, 1, 0), step_i_mm=(1, 0, 0)
)
OBLIQUE = Grid.from_axes(
    SHAPE,
    origin_lps_mm=(-30, -40, 5),
    step_k_mm=(0.5, -1.0, 2.7),
    step_j_mm=(0.2, 0.9, 0.3),
    step_i_mm=(-0.95, 0.25, 0.2),
)
"""Flipped, turned and sheared."""

MIDDLES = {0: 12, 1: 30, 2: 32}


def ball(index_kji, grid=UPRIGHT, radius_mm=20.0, off_mm=(0, 0, 0)):
    """Whether fractional indices lie in a ball around the middle of the grid."""
    centre = grid.to_lps_mm([11.7, 30.3, 31.6]) + off_mm
    return np.linalg.norm(grid.to_lps_mm(index_kji) - centre, axis=-1) < radius_mm


def cut(solid, where):
    """The mask of a solid on a plane."""
    shape = tuple(n for axis, n in enumerate(SHAPE) if axis != where.axis)
    columns = np.stack(np.indices(shape), axis=-1).astype(float)
    return solid(np.insert(columns, where.axis, height(where, shape), axis=-1))


def voxels(solid):
    """The solid on the whole grid."""
    return solid(np.stack(np.indices(SHAPE), axis=-1).astype(float))


def drawn_on(planes, solid=ball, grid=UPRIGHT):
    """The solid as it is drawn on some planes."""
    return DrawnStructure("a", grid, {where: cut(solid, where) for where in planes})


def completed(drawn):
    """The completed structure on the whole grid."""
    field = pin(complete(drawn), drawn)
    mask = np.zeros(SHAPE, dtype=bool)
    mask[field.box] = field.depth_mm > 0
    return mask


def dice(a, b):
    return 2 * (a & b).sum() / (a.sum() + b.sum())


@pytest.mark.parametrize("grid", [UPRIGHT, OBLIQUE])
def test_a_ball_is_completed_from_three_crossing_slices(grid):
    def solid(index_kji):
        return ball(index_kji, grid, 15)

    drawn = drawn_on([Slice(axis, middle) for axis, middle in MIDDLES.items()], solid, grid)
    assert dice(completed(drawn), voxels(solid)) > 0.97


def test_a_ball_is_completed_from_oblique_planes_and_reaches_beyond_them():
    planes = [
        Sheet(0, 9.5, (0.05, 0.02)),
        Sheet(1, 24.3, (0.8, 0.1)),
        Sheet(2, 40.2, (-0.3, -0.2)),
    ]
    mask = completed(drawn_on(planes))
    assert dice(mask, voxels(ball)) > 0.96


def test_depth_is_a_distance_in_mm():
    planes = [Slice(axis, middle) for axis, middle in MIDDLES.items()]
    field = complete(drawn_on(planes))
    index = np.stack(np.indices(field.depth_mm.shape), axis=-1) + field.corner_kji
    centre = UPRIGHT.to_lps_mm([11.7, 30.3, 31.6])
    distance_mm = 20.0 - np.linalg.norm(UPRIGHT.to_lps_mm(index) - centre, axis=-1)
    near = np.abs(distance_mm) < 4
    assert np.abs(field.depth_mm - distance_mm)[near].mean() < 0.7


def test_more_planes_never_make_it_worse():
    order = [Slice(0, 12), Slice(1, 30), Slice(2, 32), Slice(1, 20), Slice(2, 42), Slice(0, 8), Slice(1, 40)]

    def peanut(index_kji):
        return ball(index_kji, radius_mm=13, off_mm=(8, 3, 0)) | ball(
            index_kji, radius_mm=15, off_mm=(-8, 0, 6)
        )

    truth = voxels(peanut)
    scores = [dice(completed(drawn_on(order[:n], peanut)), truth) for n in range(2, len(order) + 1)]
    assert min(np.diff(scores)) > -0.01
    assert scores[-1] > 0.97


@pytest.mark.parametrize(
    "planes",
    [
        [Slice(0, 6), Slice(0, 10), Slice(0, 15), Slice(0, 17)],
        [Slice(2, 20), Slice(2, 30), Slice(2, 45)],
        [Sheet(1, 20.0, (0.3, 0.1)), Sheet(1, 30.0, (0.3, 0.1))],
    ],
)
def test_beyond_parallel_planes_nothing_is_made_up(planes):
    mask = completed(drawn_on(planes))
    k, j, i = np.nonzero(mask)
    others = np.delete(np.stack([k, j, i]), planes[0].axis, axis=0)
    slopes = getattr(planes[0], "slopes", (0.0, 0.0))
    offset = np.stack([k, j, i])[planes[0].axis] - slopes[0] * others[0] - slopes[1] * others[1]
    drawn = [where.index if isinstance(where, Slice) else where.offset for where in planes]
    assert offset.min() >= min(drawn) - 0.5 - 1e-9
    assert offset.max() <= max(drawn) + 0.5 + 1e-9
    inside = np.delete(np.stack([k, j, i]), planes[0].axis, axis=0)
    assert inside.shape[1] > sum(cut(ball, where).sum() for where in planes)


@pytest.mark.parametrize("where", [Slice(0, 12), Slice(2, 32), Sheet(1, 24.3, (0.4, 0.1))])
def test_one_plane_stays_one_plane(where):
    drawn = drawn_on([where])
    mask = completed(drawn)
    assert mask.sum() == cut(ball, where).sum()


@pytest.mark.parametrize("also", [[], [Slice(1, 30)], [Slice(0, 14)]])
def test_one_pixel_is_enough(also):
    masks = {}
    for where in [Slice(0, 12), *also]:
        masks[where] = np.zeros([n for axis, n in enumerate(SHAPE) if axis != where.axis], dtype=bool)
        masks[where][tuple(np.delete([12, 30, 32], where.axis))] = True
    mask = completed(DrawnStructure("a", UPRIGHT, masks))
    assert mask[12, 30, 32]
    assert mask.sum() < 10


def test_nothing_drawn_is_nothing():
    drawn = drawn_on([Slice(0, 12)], lambda index_kji: np.zeros(index_kji.shape[:-1], dtype=bool))
    assert complete(drawn).depth_mm.size == 0


def test_a_structure_that_fills_the_image_stays_in_it():
    def everything(index_kji):
        return np.ones(index_kji.shape[:-1], dtype=bool)

    assert completed(drawn_on([Slice(0, 12), Slice(1, 30), Slice(2, 32)], everything)).any()


def test_a_plane_drawn_as_empty_holds_the_structure_back():
    def part(index_kji):
        return ball(index_kji) & (index_kji[..., 1] < 24)

    masks = drawn_on([Slice(0, 12), Slice(1, 14), Slice(1, 20)], part).masks
    empty = {Slice(1, 26): np.zeros((24, 64), dtype=bool)}
    held = completed(DrawnStructure("a", UPRIGHT, {**masks, **empty}))
    assert held[:, 21:24].any()
    assert not held[:, 26:].any()


def hollow(index_kji):
    """A ball with a thin wall."""
    return ball(index_kji) & ~ball(index_kji, radius_mm=16, off_mm=(1, 0, 1))


def test_a_thin_wall_around_a_cavity_is_kept():
    planes = [Slice(0, 12), Slice(1, 30), Slice(2, 32)]
    truth = voxels(hollow)
    assert dice(completed(drawn_on(planes, hollow)), truth) > 0.9
    more = [*planes, Slice(0, 8), Slice(1, 20), Slice(2, 40)]
    assert dice(completed(drawn_on(more, hollow)), truth) > 0.9


def test_a_cavity_is_taken_apart_and_a_tunnel_is_not():
    planes = [Slice(0, 12), Slice(1, 30), Slice(2, 32)]
    outer, cavities = taken_apart(drawn_on(planes, hollow))
    for where in planes:
        assert np.array_equal(outer.masks[where], cut(ball, where))
        assert np.array_equal(cavities.masks[where], cut(ball, where) & ~cut(hollow, where))

    def tunnel(index_kji):
        inside = (np.abs(index_kji[..., 1] - 30) < 5) & (np.abs(index_kji[..., 2] - 32) < 5)
        return ball(index_kji) & ~inside

    # Enclosed on the axial slice, open at both ends on the others.
    assert taken_apart(drawn_on(planes, tunnel))[1] is None
    assert taken_apart(drawn_on(planes))[1] is None


def test_an_island_in_a_cavity_is_kept():
    def with_island(index_kji):
        return hollow(index_kji) | ball(index_kji, radius_mm=7, off_mm=(1, 0, 1))

    mask = completed(drawn_on([Slice(0, 12), Slice(1, 30), Slice(2, 32)], with_island))
    assert dice(mask, voxels(with_island)) > 0.9


def test_two_pieces_stay_two():
    def two(index_kji):
        return ball(index_kji, radius_mm=8, off_mm=(-15, 0, 0)) | ball(
            index_kji, radius_mm=8, off_mm=(15, 0, 0)
        )

    mask = completed(drawn_on([Slice(0, 12), Slice(1, 30), Slice(2, 17), Slice(2, 47)], two))
    assert dice(mask, voxels(two)) > 0.93
    assert not mask[:, :, 32].any()


def test_where_contours_conflict_the_later_one_shapes_the_surroundings():
    wrong = cut(lambda index_kji: ball(index_kji, radius_mm=10), Slice(2, 32))
    right = {where: cut(ball, where) for where in (Slice(0, 12), Slice(1, 30))}
    truth = voxels(ball)
    earlier = completed(DrawnStructure("a", UPRIGHT, {Slice(2, 32): wrong, **right}))
    later = completed(DrawnStructure("a", UPRIGHT, {**right, Slice(2, 32): wrong}))
    assert np.array_equal(later[:, :, 32], wrong)
    assert np.array_equal(earlier[12], right[Slice(0, 12)])
    assert dice(earlier, truth) > dice(later, truth) + 0.02


def test_it_can_be_cancelled():
    def cancel(task, done, total):
        raise Cancelled("stop")

    with pytest.raises(Cancelled):
        complete(drawn_on([Slice(0, 12), Slice(1, 30)]), progress=cancel)


def test_it_comes_out_alike_each_time():
    drawn = drawn_on([Slice(0, 12), Slice(1, 30)])
    first, second = complete(drawn), complete(drawn)
    assert first.corner_kji == second.corner_kji
    assert np.array_equal(first.depth_mm, second.depth_mm)
