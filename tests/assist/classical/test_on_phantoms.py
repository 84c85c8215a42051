"""Every classical segmenter on a tumour that is known, on grids as scanners make them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from medseg.assist.classical.threshold import range_of_contrast
from medseg.assist.proposing import propose
from medseg.assist.registry import segmenter
from medseg.assist.segmenter import BACKGROUND, Hints, Point, Proposal, Sphere
from medseg.errors import AssistError, Cancelled
from medseg.measurement import dice
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume

RADIUS_MM = 12.0
TURN = np.deg2rad(25)


def grid_of(kind: str) -> Grid:
    """A grid around the origin: upright with thick slices, oblique, flipped or sheared."""
    k, j, i = np.array([0, 0, 2.5]), np.array([0, 0.9, 0]), np.array([1.1, 0, 0])
    if kind == "oblique":
        turn = np.array([[1, 0, 0], [0, np.cos(TURN), -np.sin(TURN)], [0, np.sin(TURN), np.cos(TURN)]])
        k, j, i = turn @ k, turn @ j, turn @ i
    if kind == "flipped":
        k, i = -k, -i
    if kind == "sheared":
        k = k + np.array([0, 0.8, 0])
    shape = (26, 66, 58)
    steps = np.column_stack([k, j, i])
    origin = -steps @ ((np.array(shape) - 1) / 2)
    return Grid.from_axes(shape, origin_lps_mm=origin, step_k_mm=k, step_j_mm=j, step_i_mm=i)


def distance_mm(grid: Grid, point) -> np.ndarray:
    places = grid.to_lps_mm(np.stack(np.indices(grid.shape_kji), axis=-1))
    return np.linalg.norm(places - np.asarray(point), axis=-1)


def tumour(grid: Grid, *, quantity: Quantity = Quantity.HU) -> tuple[Volume, np.ndarray]:
    """A ball at the origin, brighter than what is around it, in noise, blurred as a scanner does."""
    truth = distance_mm(grid, (0, 0, 0)) <= RADIUS_MM
    noise = np.random.default_rng(3).standard_normal(truth.shape)
    low, high, spread = (40.0, 110.0, 8.0) if quantity is Quantity.HU else (0.5, 8.0, 0.1)
    blurred = gaussian_filter(truth.astype(np.float32), 0.7 / np.array(grid.spacing_kji_mm))
    values = low + (high - low) * blurred + spread * noise
    return Volume(grid, values.astype(np.float32), quantity, Source("phantom")), truth


CLICK = (Point((1.0, -2.0, 0.5), "tumour"),)
BALL = Sphere((1.0, 1.0, 0.0), 20.0)


def hints_for(name: str, grid: Grid) -> Hints:
    """One hint as a reader would give it."""
    off = distance_mm(grid, (0, 0, 0))
    middle = np.zeros(grid.shape_kji, dtype=bool)
    middle[grid.shape_kji[0] // 2] = True
    return {
        "threshold-in-sphere": Hints(sphere=BALL),
        "region-growing": Hints(points=CLICK, sphere=BALL),
        "confidence-connected": Hints(points=CLICK, sphere=BALL),
        "grow-from-seeds": Hints(
            marks={"tumour": middle & (off < 5), BACKGROUND: middle & (off > 16) & (off < 18)}, sphere=BALL
        ),
        "geodesic-contour": Hints(rough={"tumour": distance_mm(grid, (2, 0, 0)) <= RADIUS_MM + 2}),
        "pet-fraction": Hints(sphere=BALL),
        "pet-gradient": Hints(sphere=BALL),
    }[name]


@pytest.mark.parametrize("kind", ["thick", "oblique", "flipped", "sheared"])
@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("threshold-in-sphere", 0.95),
        ("region-growing", 0.95),
        ("confidence-connected", 0.95),
        ("grow-from-seeds", 0.95),
        ("geodesic-contour", 0.93),
        ("pet-fraction", 0.95),
        ("pet-gradient", 0.93),
    ],
)
def test_a_ball_is_found_from_one_hint(name, least, kind):
    grid = grid_of(kind)
    volume, truth = tumour(grid, quantity=Quantity.SUVBW if name.startswith("pet") else Quantity.HU)
    if kind == "sheared" and name == "geodesic-contour":
        with pytest.raises(AssistError, match="sheared"):
            propose(segmenter(name), volume, ["tumour"], hints_for(name, grid))
        return
    found = propose(segmenter(name), volume, ["tumour"], hints_for(name, grid))
    assert dice(found.masks["tumour"], truth) > least
    assert found.method.name == name


def test_seeds_of_several_structures_compete():
    grid = grid_of("thick")
    left, right = distance_mm(grid, (-9, 0, 0)) <= 9, distance_mm(grid, (9.5, 0, 0)) <= 9
    values = 40 + 60 * left + 130 * right + 5 * np.random.default_rng(1).standard_normal(left.shape)
    volume = Volume(grid, values.astype(np.float32), Quantity.HU, Source("phantom"))
    points = [Point((-9.0, 0, 0), "a"), Point((9.5, 0, 0), "b")]
    points += [Point((x, y, 0), None) for x in (-9.0, 9.5) for y in (-14.0, 14.0)]
    hints = Hints(points=tuple(points), sphere=Sphere((0, 0, 0), 24.0))
    found = propose(segmenter("grow-from-seeds"), volume, ["a", "b"], hints)
    assert not (found.masks["a"] & found.masks["b"]).any()
    assert dice(found.masks["a"], left) > 0.93
    assert dice(found.masks["b"], right) > 0.93


def bent_vessel(grid: Grid) -> tuple[Volume, np.ndarray, list]:
    """A tube along a quarter of a circle of 20 mm, beside another one."""
    places = grid.to_lps_mm(np.stack(np.indices(grid.shape_kji), axis=-1))
    angles = np.linspace(0, np.pi / 2, 60)
    course = np.column_stack([20 * np.cos(angles) - 10, 20 * np.sin(angles) - 10, 6 * np.sin(2 * angles)])
    off = np.min([np.linalg.norm(places - point, axis=-1) for point in course], axis=0)
    truth = off <= 3.0
    straight = np.linalg.norm(places[..., :2] - [-14, -14], axis=-1) <= 3
    values = 40 + 120 * (truth | straight) + 6 * np.random.default_rng(2).standard_normal(off.shape)
    volume = Volume(grid, values.astype(np.float32), Quantity.HU, Source("phantom"))
    return volume, truth, [Point(tuple(map(float, course[n])), "vessel") for n in (2, -3)]


@pytest.mark.parametrize("kind", ["thick", "oblique"])
def test_a_vessel_is_followed_round_its_bend(kind):
    volume, truth, ends = bent_vessel(grid_of(kind))
    found = propose(segmenter("vessel-between-points"), volume, ["vessel"], Hints(points=tuple(ends)))
    assert dice(found.masks["vessel"], truth) > 0.8
    length_mm = float(found.remarks[0].split()[-2])
    assert length_mm == pytest.approx(20 * np.pi / 2 * 1.1, rel=0.15)


def test_a_vessel_needs_both_ends():
    volume, _, ends = bent_vessel(grid_of("thick"))
    with pytest.raises(AssistError, match="two points or more"):
        propose(segmenter("vessel-between-points"), volume, ["vessel"], Hints(points=tuple(ends[:1])))


def test_a_region_of_the_image_is_enough():
    grid = grid_of("thick")
    volume, truth = tumour(grid)
    region = slice(3, 24), slice(10, 60), slice(8, 50)
    found: Proposal = propose(
        segmenter("region-growing"), volume, ["tumour"], Hints(points=CLICK, sphere=BALL), region=region
    )
    assert found.masks["tumour"].shape == (21, 50, 42)
    assert dice(found.masks["tumour"], truth[region]) > 0.95
    far = slice(0, 3), slice(0, 5), slice(0, 5)
    with pytest.raises(AssistError, match="outside of the part"):
        propose(segmenter("region-growing"), volume, ["tumour"], Hints(points=CLICK), region=far)


def test_it_can_be_stopped():
    def stop(task, done, total):
        raise Cancelled("stopped")

    volume, _ = tumour(grid_of("thick"))
    with pytest.raises(Cancelled):
        propose(segmenter("pet-fraction"), volume, ["tumour"], Hints(sphere=BALL), progress=stop)


def test_values_that_are_missing_belong_to_nothing():
    grid = grid_of("thick")
    volume, truth = tumour(grid)
    values = volume.voxels.copy()
    values[:4] = np.nan
    holed = Volume(grid, values, Quantity.HU, Source("phantom"))
    found = propose(segmenter("region-growing"), holed, ["tumour"], Hints(points=CLICK, sphere=BALL))
    assert dice(found.masks["tumour"], truth) > 0.95


def test_limits_by_contrast_find_what_lies_between_its_surroundings():
    """Fat above and air below: one threshold can't part the ball's values into it and the rest."""
    grid = grid_of("thick")
    off = distance_mm(grid, (0, 0, 0))
    truth = off <= RADIUS_MM
    k = np.indices(grid.shape_kji)[0]
    values = np.where(truth, 50.0, np.where(k < grid.shape_kji[0] // 2, -100.0, 200.0))
    values += 8 * np.random.default_rng(5).standard_normal(truth.shape)
    volume = Volume(grid, values.astype(np.float32), Quantity.HU, Source("phantom"))
    threshold, hints = segmenter("threshold-in-sphere"), Hints(sphere=BALL)
    found = propose(threshold, volume, ["tumour"], hints, parameters={"smoothing_mm": 0.0})
    assert dice(found.masks["tumour"], truth) > 0.95
    otsu = propose(threshold, volume, ["tumour"], hints, parameters={"smoothing_mm": 0.0, "limits": "otsu"})
    assert dice(otsu.masks["tumour"], truth) < 0.9


def test_limits_lie_midway_where_values_are_apart():
    rng = np.random.default_rng(0)
    middle, around = rng.normal(100, 3, 4000), rng.normal(0, 3, 9000)
    low, high = range_of_contrast(middle.astype(np.float32), around.astype(np.float32))
    assert (low, high) == (pytest.approx(50, abs=5), np.inf)
    low, high = range_of_contrast(-middle.astype(np.float32), around.astype(np.float32))
    assert (low, high) == (-np.inf, pytest.approx(-50, abs=5))
    flat = np.ones(5, np.float32)
    assert range_of_contrast(flat, flat) == (-np.inf, np.inf)


@pytest.mark.parametrize("rough_mm", [-2.0, 4.0])
def test_a_small_structure_on_thick_slices_does_not_vanish(rough_mm):
    """Three slices of 6.5 mm: a front on that grid itself made nothing of it."""
    grid = Grid.from_axes(
        (9, 60, 60),
        origin_lps_mm=(-23.6, -23.6, -26),
        step_k_mm=(0, 0, 6.5),
        step_j_mm=(0, 0.8, 0),
        step_i_mm=(0.8, 0, 0),
    )
    off = distance_mm(grid, (0, 0, 0))
    truth = off <= 8
    rng = np.random.default_rng(0)
    values = 100 + 20 * gaussian_filter(truth.astype(float), (0, 1, 1)) + 3 * rng.standard_normal(off.shape)
    volume = Volume(grid, values.astype(np.float32), Quantity.ARBITRARY, Source("phantom"))
    rough = off <= 8 + rough_mm
    found = propose(segmenter("geodesic-contour"), volume, ["tumour"], Hints(rough={"tumour": rough}))
    mask = found.masks["tumour"]
    assert dice(mask, truth) > 0.8
    assert dice(mask, truth) > dice(rough, truth)
