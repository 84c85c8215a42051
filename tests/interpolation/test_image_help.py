"""The image helps where it is proven to, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg.contour import Sheet, Slice, nearest_index, voxels_of
from medseg.errors import Cancelled
from medseg.interpolation import image_help, image_model, interpolate_masks
from medseg.interpolation.drawn import DrawnStructure
from medseg.interpolation.field import Field
from medseg.interpolation.image_help import MIN_REDUCTION, STRENGTHS, ImageUse, complete_with_image
from medseg.interpolation.image_planes import Box, DrawnPlane, Nearest, PlaneInBox, reach_kji_mm
from medseg.interpolation.registry import METHODS
from medseg.labelmap import Structure
from medseg.progress import silent
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume

SHAPE = (37, 44, 46)
GRID = Grid.from_axes(
    SHAPE, origin_lps_mm=(0, 0, 0), step_k_mm=(0, 0, 3), step_j_mm=(0, 1, 0), step_i_mm=(1, 0, 0)
)
EVERY = 4


def snake(shape=SHAPE, spacing=(3.0, 1.0, 1.0)):
    """A tube that winds so fast that slices twelve millimetres apart don't tell how it runs."""
    k, j, i = np.ogrid[tuple(slice(n) for n in shape)]
    row, column = 21 + 5 * np.sin(k * spacing[0] / 5.5), 22 + 5 * np.cos(k * spacing[0] / 7)
    radius = 9 + 1.5 * np.sin(k * spacing[0] / 4)
    mask = (j - row) ** 2 + (i - column) ** 2 < radius**2
    mask[:2] = mask[-2:] = False
    return mask


TRUTH = snake()


def noisy(mask, contrast=60.0, noise=20.0):
    """An image in which a structure stands out."""
    rng = np.random.default_rng(1)
    return (contrast * mask + rng.normal(0, noise, mask.shape)).astype(np.float32)


def drawn_on(truth, grid=GRID, axis=0, every=EVERY):
    filled = np.flatnonzero(truth.any(axis=tuple(a for a in range(3) if a != axis))).tolist()
    indices = sorted({*range(filled[0], filled[-1], every), filled[-1]})
    return DrawnStructure("a", grid, {Slice(axis, n): truth.take(n, axis=axis) for n in indices})


def by_shape(drawn):
    return METHODS["signed-distance"].complete(drawn, None, silent)


def error(field, drawn, truth=TRUTH):
    """1 − Dice on the slices that were not drawn."""
    found = np.zeros(truth.shape, dtype=bool)
    found[field.box] = field.depth_mm > 0
    unknown = np.ones(truth.shape, dtype=bool)
    for where in drawn.masks:
        np.moveaxis(unknown, where.axis, 0)[where.index] = False
    found, truth = found[unknown], truth[unknown]
    return 1 - 2 * (found & truth).sum() / (found.sum() + truth.sum())


def test_an_image_that_shows_the_structure_helps():
    drawn = drawn_on(TRUTH)
    field, use = complete_with_image(drawn, noisy(TRUTH), by_shape)
    assert use.used
    assert use.strength in STRENGTHS
    assert use.error_with < (1 - MIN_REDUCTION) * use.error_without
    assert f"from {use.error_without:.1%} to {use.error_with:.1%}" in use.reason
    assert set(use.judged) == set(list(drawn.masks)[1:-1])
    assert error(field, drawn) < 0.6 * error(by_shape(drawn), drawn)
    assert field.box == by_shape(drawn).box


@pytest.mark.parametrize("image", ["noise", "another structure"])
def test_an_image_that_shows_something_else_takes_no_part(image):
    drawn = drawn_on(TRUTH)
    elsewhere = np.roll(TRUTH[::-1], (7, -6), axis=(1, 2))
    voxels = noisy(TRUTH, contrast=0) if image == "noise" else noisy(elsewhere)
    proposed = []

    def complete(some):
        proposed.append(by_shape(some))
        return proposed[-1]

    field, use = complete_with_image(drawn, voxels, complete)
    assert not use.used
    assert use.strength == 0
    assert use.error_without > 0
    assert use.reason.startswith("the image was not used")
    assert field is proposed[0], "exactly what the shape alone gives"


@pytest.mark.parametrize("value", [0, -1000, np.nan, np.inf])
def test_an_image_without_contrast_takes_no_part(value):
    field = by_shape(drawn_on(TRUTH))
    voxels = np.full(SHAPE, value, dtype=np.float64)
    helped, use = complete_with_image(drawn_on(TRUTH), voxels, lambda _: field)
    assert helped is field
    assert use == ImageUse(
        used=False, reason="the image was not used: it shows nothing beside the drawn outlines"
    )


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_too_few_slices_to_judge(count):
    drawn = drawn_on(TRUTH)
    few = DrawnStructure("a", GRID, dict(list(drawn.masks.items())[:count]))
    field = by_shape(few)
    helped, use = complete_with_image(few, noisy(TRUTH), lambda _: field)
    assert helped is field
    assert use == ImageUse(used=False, reason="the image was not used: too few planes are drawn to judge it")


def test_slices_known_to_be_empty_are_not_among_those_to_judge():
    drawn = drawn_on(TRUTH)
    nothing = np.zeros(SHAPE[1:], dtype=bool)
    more = replace(drawn, masks={**drawn.masks, Slice(0, 0): nothing, Slice(0, 36): nothing})
    assert complete_with_image(more, noisy(TRUTH), by_shape)[1].judged == tuple(
        complete_with_image(drawn, noisy(TRUTH), by_shape)[1].judged
    )


def test_where_the_image_has_no_value_the_shape_counts():
    drawn = drawn_on(TRUTH)
    image = noisy(TRUTH)
    whole, _ = complete_with_image(drawn, image, by_shape)
    image[:, :, 30:] = np.nan
    field, use = complete_with_image(drawn, image, by_shape)
    assert use.used
    assert np.isfinite(field.depth_mm).sum() == np.isfinite(whole.depth_mm).sum()
    shape = by_shape(drawn).depth_mm
    beyond = 30 + 5 - field.corner_kji[2]
    assert np.array_equal(field.depth_mm[:, :, beyond:], shape[:, :, beyond:])


def test_the_unit_does_not_matter():
    drawn = drawn_on(TRUTH)
    image = np.rint(noisy(TRUTH))
    field, use = complete_with_image(drawn, image, by_shape)
    for other in (image.astype(np.int16), image.astype(np.float64), 1024 * image):
        same, other_use = complete_with_image(drawn, other, by_shape)
        assert np.array_equal(field.depth_mm, same.depth_mm)
        assert use == other_use


@pytest.mark.parametrize("axis", [1, 2])
def test_slices_along_any_axis(axis):
    truth = np.moveaxis(TRUTH, 0, axis)
    step = [(1.0, 0, 0), (0, 1.0, 0)]
    step.insert(axis, (0, 0, 3.0))
    grid = Grid.from_axes(
        truth.shape, origin_lps_mm=(5, 6, 7), step_k_mm=step[0], step_j_mm=step[1], step_i_mm=step[2]
    )
    drawn = drawn_on(truth, grid, axis)
    image = np.ascontiguousarray(np.moveaxis(noisy(TRUTH), 0, axis))
    field, use = complete_with_image(drawn, image, by_shape)
    expected, expected_use = complete_with_image(drawn_on(TRUTH), noisy(TRUTH), by_shape)
    assert use.used
    assert use.error_with == pytest.approx(expected_use.error_with, abs=1e-4)
    turned = np.moveaxis(expected.depth_mm, 0, axis) > 0
    assert (turned != (field.depth_mm > 0)).mean() < 1e-4


def test_planes_of_several_directions():
    drawn = drawn_on(TRUTH, every=8)
    masks = dict(drawn.masks)
    for axis in (1, 2):
        masks |= {Slice(axis, n): TRUTH.take(n, axis=axis) for n in (15, 22, 29)}
    oblique = Sheet(0, 10.0, (0.2, 0.1))
    inside = np.zeros(SHAPE[1:], dtype=bool)
    along = nearest_index(oblique, SHAPE[1:])
    rows, columns = np.nonzero(along < SHAPE[0])
    inside[rows, columns] = TRUTH[along[rows, columns], rows, columns]
    masks[oblique] = inside
    mixed = DrawnStructure("a", GRID, masks)

    def complete(some):
        return METHODS["radial-basis"].complete(some, None, silent)

    field, use = complete_with_image(mixed, noisy(TRUTH, noise=10), complete)
    assert use.used
    assert Slice(1, 22) in use.judged
    assert oblique not in use.judged, "nothing else runs in its direction"
    assert error(field, drawn) < error(complete(mixed), drawn)


def test_the_number_of_threads_changes_nothing(monkeypatch):
    drawn, image = drawn_on(TRUTH), noisy(TRUTH)
    field, use = complete_with_image(drawn, image, by_shape)
    monkeypatch.setattr(image_model, "MAX_THREADS", 1)
    alone, use_alone = complete_with_image(drawn, image, by_shape)
    assert np.array_equal(field.depth_mm, alone.depth_mm)
    assert use == use_alone


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_it_can_be_cancelled_at_each_step(steps):
    calls = []

    def stop(task, done, total):
        calls.append((task, done, total))
        if done == steps:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        complete_with_image(drawn_on(TRUTH), noisy(TRUTH), by_shape, progress=stop)
    assert calls == [("Judging the image", n, 3) for n in range(steps + 1)]


def test_what_was_drawn_stays_and_the_completion_tells():
    drawn = drawn_on(TRUTH)
    image = Volume(GRID, noisy(TRUTH), Quantity.ARBITRARY, Source("test"))
    completion = interpolate_masks({"a": drawn.masks}, GRID, [Structure("a", "A", 1)], image=image)
    assert completion.structures["a"].image.used
    labels = completion.label_map.layers[0]
    for where, mask in drawn.masks.items():
        assert np.array_equal(labels[where.index] == 1, mask)


def test_what_was_learnt_tells_inside_from_outside():
    image = noisy(TRUTH, noise=5)
    box = Box(GRID, (0, 0, 0), SHAPE)
    samples = [DrawnPlane(where, mask, box).sample() for where, mask in drawn_on(TRUTH).masks.items()]
    ranked = image_model.rank(image, np.concatenate([s.voxels for s in samples]), GRID.spacing_kji_mm)
    learnt = image_model.learn(ranked, samples)
    inside, outside = np.add(np.argwhere(TRUTH[8:12]), (8, 0, 0)), np.array([[9, 2, 2], [10, 40, 3]])
    evidence = learnt.evidence(ranked, inside)
    assert (evidence > 0).mean() > 0.95
    assert (learnt.evidence(ranked, outside) < -1).all()
    assert np.abs(evidence).max() <= image_model.MAX_LOG_ODDS


planes = st.one_of(
    st.builds(Slice, st.integers(0, 2), st.integers(0, 30)),
    st.builds(Sheet, st.integers(0, 2), st.floats(-5, 30), st.tuples(st.floats(-1, 1), st.floats(-1, 1))),
)


@given(planes, st.integers(0, 2**32 - 1))
def test_a_plane_in_a_box_has_the_voxels_of_the_plane(where, seed):
    rng = np.random.default_rng(seed)
    low = rng.integers(0, 20, 3)
    high = low + rng.integers(1, 17, 3)
    box = Box(GRID, tuple(low.tolist()), tuple((high - low).tolist()))
    mask = rng.random([n for axis, n in enumerate(SHAPE) if axis != where.axis]) < 0.3
    plane = DrawnPlane(where, mask, box)
    there, voxels = plane.voxels(plane.inside)
    assert len(voxels) == there.sum()
    expected = voxels_of(where, mask, SHAPE)
    expected = expected[((expected >= low) & (expected < high)).all(axis=1)]
    assert np.array_equal(voxels + low, expected)
    # A field that numbers its voxels says where they came from.
    corner, ends = rng.integers(0, 15, 3), rng.integers(16, 36, 3)
    numbers = np.arange(np.prod(SHAPE), dtype=np.float32).reshape(SHAPE)
    field = Field(
        tuple(corner.tolist()), numbers[tuple(slice(a, b) for a, b in zip(corner, ends, strict=True))]
    )
    everywhere, voxels = plane.voxels(np.ones(plane.window[2:], dtype=bool))
    in_field = ((voxels + low >= corner) & (voxels + low < ends)).all(axis=1)
    expected = np.where(in_field, numbers[tuple((voxels + low).T)], -np.inf)
    assert np.array_equal(plane.depth_mm(field)[everywhere], expected)


@given(st.lists(planes, min_size=1, max_size=5, unique=True))
def test_the_distance_from_planes(where):
    box = Box(GRID, (2, 3, 4), (9, 10, 11))
    voxels = np.argwhere(np.ones(box.shape_kji, dtype=bool))
    points = GRID.to_lps_mm(voxels + box.corner_kji)
    expected = np.full(len(voxels), np.inf)
    for plane in where:
        sheet = plane if isinstance(plane, Sheet) else Sheet(plane.axis, float(plane.index))
        corners = np.array([[0, 0], [30, 0], [0, 30]], dtype=float)
        along = sheet.offset + corners @ np.array(sheet.slopes)
        a, b, c = GRID.to_lps_mm(np.insert(corners, sheet.axis, along, axis=1))
        normal = np.cross(b - a, c - a)
        np.minimum(expected, np.abs((points - a) @ normal) / np.linalg.norm(normal), out=expected)
    found = Nearest(where, box).distance_mm(voxels)
    assert found == pytest.approx(np.maximum(expected, 0.5), abs=1e-3)


def test_a_place_learns_from_beyond_the_widest_gap():
    slices = [Slice(0, n) for n in (3, 5, 12)]
    assert reach_kji_mm(slices, GRID) == (21.0, image_model.REACH_MM, image_model.REACH_MM)
    assert reach_kji_mm([*slices, Slice(1, 4)], GRID) == (image_model.REACH_MM,) * 3


def test_nothing_of_a_plane_beside_the_box():
    box = Box(GRID, (10, 10, 10), (5, 6, 7))
    there, voxels = PlaneInBox(Slice(0, 3), box).voxels(np.ones((6, 7), dtype=bool))
    assert not there.any()
    assert voxels.shape == (0, 3)


def test_halves_leave_out_every_plane_between_the_ends_once():
    masks = {Slice(0, n): np.ones((2, 2), dtype=bool) for n in (9, 1, 5, 3, 7)}
    masks |= {Sheet(1, float(n), (0.5, 0)): np.ones((2, 2), dtype=bool) for n in (1, 3, 2)}
    masks[Slice(0, 4)] = np.zeros((2, 2), dtype=bool)
    assert image_help._halves(masks) == [[Slice(0, 3), Slice(0, 7), Sheet(1, 2.0, (0.5, 0))], [Slice(0, 5)]]


@given(st.lists(planes, min_size=1, max_size=9, unique=True), st.integers(0, 2**32 - 1))
def test_whatever_was_drawn_is_completed(where, seed):
    rng = np.random.default_rng(seed)
    masks = {plane: rng.random([n for a, n in enumerate(SHAPE) if a != plane.axis]) < 0.1 for plane in where}
    masks[where[0]][...] = False
    voxels = rng.choice([0, 1.5, -2000, np.nan, np.inf], SHAPE)
    drawn = DrawnStructure("a", GRID, masks)
    low = rng.integers(0, 10, 3)
    depth = rng.normal(0, 4, (20, 25, 26)).astype(np.float32)
    depth[::7] = -np.inf
    depth[3] = np.inf
    field = Field(tuple(low.tolist()), depth)
    helped, use = complete_with_image(drawn, voxels, lambda _: field)
    assert helped.box == field.box
    assert (helped is field) == (not use.used)
    assert np.array_equal(np.isfinite(helped.depth_mm), np.isfinite(depth))
