"""What holds for the classical segmenters on any image: where they look, what they take, how they turn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from medseg.assist.proposing import propose
from medseg.assist.registry import segmenter
from medseg.assist.segmenter import BACKGROUND, Hints, Point, Sphere
from medseg.errors import AssistError, Cancelled
from medseg.measurement import dice
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume

SHAPE = (14, 26, 24)
SPACING = np.array([2.0, 1.0, 1.1])
MIDDLE = tuple((np.array(SHAPE) - 1) / 2 * SPACING)[::-1]
RADIUS_MM = 7.0
CLICK = (MIDDLE[0] + 0.3, MIDDLE[1] + 0.2, MIDDLE[2] + 0.4)
"""Nearest to one voxel: halfway between two the grid's direction decides."""
BY_BALL = ("threshold-in-sphere", "region-growing", "confidence-connected", "pet-fraction", "pet-gradient")
ALL = (*BY_BALL, "grow-from-seeds", "geodesic-contour")


@dataclass(frozen=True, eq=False)
class Scene:
    """An image with a lump in its middle, and hints on it."""

    volume: Volume
    hints: Hints
    truth: np.ndarray


def grid_of(shape=SHAPE) -> Grid:
    k, j, i = np.diag(SPACING)[:, ::-1]
    return Grid.from_axes(shape, origin_lps_mm=(0, 0, 0), step_k_mm=k, step_j_mm=j, step_i_mm=i)


def off_middle_mm(grid: Grid) -> np.ndarray:
    places = grid.to_lps_mm(np.stack(np.indices(grid.shape_kji), axis=-1))
    return np.linalg.norm(places - np.array(MIDDLE), axis=-1)


def scene_of(seed=0, contrast=60.0, ball_mm=10.0, rough_mm=1.0) -> Scene:
    """A textured lump, brighter than what is around it, and the hints of a reader."""
    rng = np.random.default_rng(seed)
    texture = gaussian_filter(rng.standard_normal(SHAPE), 1.5)
    off = off_middle_mm(grid_of()) + 1.5 * texture / texture.std()
    truth = off <= RADIUS_MM
    values = 30 + contrast * truth + 4 * rng.standard_normal(SHAPE)
    volume = Volume(grid_of(), values.astype(np.float32), Quantity.HU, Source("phantom"))
    middle = np.zeros(SHAPE, dtype=bool)
    middle[SHAPE[0] // 2] = True
    hints = Hints(
        points=(Point(CLICK, "a"),),
        sphere=Sphere(MIDDLE, ball_mm),
        marks={BACKGROUND: middle & (off > 9)},
        rough={"a": off <= RADIUS_MM + rough_mm},
    )
    return Scene(volume, hints, truth)


scenes = st.builds(
    scene_of,
    seed=st.integers(0, 2**16),
    contrast=st.floats(20, 80),
    ball_mm=st.floats(9, 12),
    rough_mm=st.floats(-1.5, 1.5),
)


FEW = {"geodesic-contour": {"iterations": 15}}
"""Settings that make a segmenter quick, where its accuracy is not asked for."""


def asked(name: str, scene: Scene, **given) -> np.ndarray:
    given = {"parameters": FEW.get(name, {}), **given}
    return propose(segmenter(name), scene.volume, ["a"], scene.hints, **given).masks["a"]


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=6)
@given(scene=scenes, seed=st.integers(0, 99))
def test_it_stays_in_its_region_and_off_what_is_taken(name, scene, seed):
    rng = np.random.default_rng(seed)
    box = tuple(slice(int(rng.integers(0, 3)), n - int(rng.integers(0, 3))) for n in SHAPE)
    taken = rng.random(SHAPE)[box] < 0.3
    part = replace(
        scene.hints,
        marks={whose: mask[box] for whose, mask in scene.hints.marks.items()},
        rough={whose: mask[box] for whose, mask in scene.hints.rough.items()},
    )
    found = propose(
        segmenter(name), scene.volume, ["a"], part, region=box, taken=taken, parameters=FEW.get(name)
    )
    assert found.region == box
    assert found.masks["a"].shape == taken.shape
    assert not (found.masks["a"] & taken).any()
    if name in BY_BALL:
        beyond = off_middle_mm(grid_of())[box] > scene.hints.sphere.radius_mm + 1e-6
        assert not (found.masks["a"] & beyond).any()


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=6)
@given(scene=scenes, order=st.sampled_from(list(permutations(range(3)))), flips=st.integers(0, 7))
def test_it_does_not_matter_how_the_grid_runs(name, scene, order, flips):
    """The same patient on an array with other axes, backwards or not, gets the same proposal."""
    flipped = [axis for axis in range(3) if flips >> axis & 1]

    def turned(array):
        return np.ascontiguousarray(np.flip(array.transpose(order), flipped))

    steps = grid_of().index_to_lps_mm[:3, :3][:, order]
    last = np.array(SHAPE)[list(order)] - 1
    origin = sum((steps[:, axis] * last[axis] for axis in flipped), np.zeros(3))
    signs = [-1 if axis in flipped else 1 for axis in range(3)]
    k, j, i = (steps * signs).T
    grid = Grid.from_axes(tuple(last + 1), origin_lps_mm=origin, step_k_mm=k, step_j_mm=j, step_i_mm=i)
    other = Scene(
        Volume(grid, turned(scene.volume.voxels), Quantity.HU, Source("phantom")),
        replace(
            scene.hints,
            marks={whose: turned(mask) for whose, mask in scene.hints.marks.items()},
            rough={whose: turned(mask) for whose, mask in scene.hints.rough.items()},
        ),
        turned(scene.truth),
    )
    # Sums in another order round otherwise: a few voxels at a limit may change sides.
    assert dice(asked(name, other), turned(asked(name, scene))) > 0.97


@pytest.mark.parametrize("name", BY_BALL)
@settings(max_examples=6)
@given(scene=scenes, shift=st.floats(-500, 500))
def test_what_lies_far_away_does_not_matter(name, scene, shift):
    wide = tuple(n + 40 for n in SHAPE)
    values = np.full(wide, 30 + shift, dtype=np.float32)
    inner = tuple(slice(0, n) for n in SHAPE)
    around = replace(scene, hints=replace(scene.hints, sphere=Sphere(MIDDLE, 8.0), marks={}, rough={}))
    first = asked(name, around)
    values[inner] = scene.volume.voxels
    wider = Volume(grid_of(wide), values, Quantity.HU, Source("phantom"))
    second = propose(segmenter(name), wider, ["a"], around.hints).masks["a"]
    np.testing.assert_array_equal(second[inner], first)
    assert second.sum() == first.sum()


@settings(max_examples=10)
@given(scene=scenes, seed=st.integers(0, 99))
def test_seeds_keep_their_structure_and_no_voxel_has_two(scene, seed):
    rng = np.random.default_rng(seed)
    seeds = rng.integers(1, 4, SHAPE) * (rng.random(SHAPE) < 0.02)
    hints = Hints(marks={"a": seeds == 1, "b": seeds == 2, BACKGROUND: seeds == 3})
    found = propose(segmenter("grow-from-seeds"), scene.volume, ["a", "b"], hints).masks
    assert not (found["a"] & found["b"]).any()
    for label, mask in ((1, found["a"]), (2, found["b"])):
        assert mask[seeds == label].all()
        assert not mask[(seeds > 0) & (seeds != label)].any()


@settings(max_examples=10)
@given(scene=scenes, least=st.floats(0, 60), more=st.floats(0, 40))
def test_wider_limits_find_no_less(scene, least, more):
    # Without necks being cut: how thin a neck is depends on all that was found.
    def within(low):
        given = {"limits": "given", "least": low, "most": 200.0, "neck": 0.0}
        return asked("threshold-in-sphere", scene, parameters=given)

    assert not (within(least) & ~within(least - more)).any()


@settings(max_examples=10)
@given(scene=scenes, deviations=st.floats(0.5, 5), more=st.floats(0, 5))
def test_more_deviations_find_no_less(scene, deviations, more):
    def within(count):
        return asked("region-growing", scene, parameters={"deviations": count, "neck": 0.0})

    assert not (within(deviations) & ~within(deviations + more)).any()


@settings(max_examples=10)
@given(scene=scenes, middle=st.sampled_from([-300.0, 0.0, 90.0]), scale=st.sampled_from([-1.0, 0.1, 20.0]))
def test_the_unit_of_the_values_does_not_matter(scene, middle, scale):
    """Dark lumps are found as bright ones are, and values in other units as those in HU."""
    changed = (scale * scene.volume.voxels + middle).astype(np.float32)
    other = replace(scene, volume=Volume(grid_of(), changed, Quantity.ARBITRARY, Source("phantom")))
    for name in ("threshold-in-sphere", "region-growing", "grow-from-seeds"):
        assert dice(asked(name, other), asked(name, scene)) > 0.97


@pytest.mark.parametrize("name", ALL)
def test_each_can_be_stopped_while_it_works(name):
    scene = scene_of()
    reports = []

    def count(*report):
        reports.append(report)

    asked(name, scene, progress=count)
    for stop_at in {0, (len(reports) - 1) // 2}:
        left = iter(range(stop_at))

        def stop(*_report, left=left):
            if next(left, None) is None:
                raise Cancelled("stopped")

        with pytest.raises(Cancelled):
            asked(name, scene, progress=stop)


def test_two_lesions_that_are_clicked_are_both_kept_beside_a_leak():
    """Each has its own thickness, and the thin bridge to tissue of the same value is cut."""
    shape = (20, 60, 60)
    grid = Grid.from_axes(
        shape, origin_lps_mm=(0, 0, 0), step_k_mm=(0, 0, 1), step_j_mm=(0, 1, 0), step_i_mm=(1, 0, 0)
    )
    k, j, i = np.indices(shape)
    large = (k - 10) ** 2 + (j - 18) ** 2 + (i - 18) ** 2 <= 8**2
    small = (k - 10) ** 2 + (j - 18) ** 2 + (i - 34) ** 2 <= 3**2
    bridge = (abs(k - 10) <= 1) & (abs(i - 18) <= 1) & (j > 18)
    organ = j > 40
    values = 100.0 * (large | small | bridge | organ)
    volume = Volume(grid, values.astype(np.float32), Quantity.HU, Source("phantom"))
    clicks = (Point((18.0, 18.0, 10.0), "a"), Point((34.0, 18.0, 10.0), "a"))
    found = propose(segmenter("region-growing"), volume, ["a"], Hints(points=clicks)).masks["a"]
    assert dice(found, large | small) > 0.95
    assert not (found & organ).any()
    leaked = propose(
        segmenter("region-growing"), volume, ["a"], Hints(points=clicks), parameters={"neck": 0.0}
    ).masks["a"]
    assert (leaked & organ).any()


def test_a_ball_beyond_the_region_is_refused():
    scene = scene_of()
    corner = (slice(0, 2), slice(0, 3), slice(0, 3))
    hints = Hints(sphere=Sphere(MIDDLE, 3.0))
    for name in ("threshold-in-sphere", "pet-fraction", "pet-gradient"):
        with pytest.raises(AssistError, match="ball lies outside of the part") as raised:
            propose(segmenter(name), scene.volume, ["a"], hints, region=corner)
        assert raised.value.details["reason"] == "outside-region"


def test_empty_strokes_and_clicks_elsewhere_are_no_seeds():
    scene, nothing = scene_of(), np.zeros(SHAPE, dtype=bool)
    for name in ("region-growing", "confidence-connected"):
        for hints in (Hints(points=(Point(MIDDLE, "b"),)), Hints(marks={"a": nothing})):
            with pytest.raises(AssistError, match="needs a point within the structure"):
                propose(segmenter(name), scene.volume, ["a"], hints)
    empty = Hints(marks={"a": nothing, BACKGROUND: nothing})
    with pytest.raises(AssistError, match="needs a point within the structure"):
        propose(segmenter("grow-from-seeds"), scene.volume, ["a"], empty)
