"""How sure a model is of a case: label maps of slightly changed images, brought back and compared."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import binary_dilation, binary_erosion

from assist.made_bundles import oblique
from doubtful_cases import STRUCTURE, finds_tumour, tumour
from medseg.assist.bundle import Prediction
from medseg.assist.perturbation import STRENGTHS, Perturbation, left_right_axis, perturbations, value_range
from medseg.assist.uncertainty import (
    Sampling,
    StructureDoubt,
    case_value,
    doubt,
    structure_value,
    vote_entropy_bits,
)
from medseg.errors import Cancelled, InputError
from medseg.labelmap import Structure
from medseg.progress import silent
from medseg.volume import Quantity, Source, Volume

SHIFTS = st.tuples(*(st.integers(-2, 2) for _ in range(3)))


def image(shape_kji=(9, 24, 20), quantity=Quantity.HU, seed=0):
    voxels = np.random.default_rng(seed).integers(-200, 400, shape_kji).astype(np.int16)
    return Volume(oblique(shape_kji), voxels, quantity, Source("phantom"))


@given(SHIFTS, st.sampled_from([None, 0, 1, 2]))
def test_what_was_moved_and_mirrored_is_brought_back_exactly(shift_kji, axis):
    volume = image((6, 7, 8))
    change = Perturbation(0, 0.0, 0.0, 1.0, shift_kji, axis)
    changed = change.of(volume)
    assert changed.grid is volume.grid
    if any(shift_kji) or axis is not None:
        assert not np.array_equal(changed.voxels, volume.voxels)
    # What was moved out of the image is not known any more; all the rest is where it was, to the last voxel.
    back = change.back(changed.voxels, np.full((6, 7, 8), np.nan, np.float32))
    expected = volume.voxels.astype(np.float32)
    for along, step in enumerate(shift_kji):
        lost = slice(6 + along - step, None) if step > 0 else slice(0, -step)
        expected[(slice(None),) * along + (lost,)] = np.nan
    assert np.array_equal(back, expected, equal_nan=True)


def test_a_model_that_finds_all_that_is_bright_is_sure_up_to_the_faces_of_the_image():
    voxels = np.zeros((9, 24, 20), np.float32)
    voxels[6:, 10:, :8] = voxels[:2, :5, 12:] = 1000
    volume = Volume(oblique(), voxels, Quantity.HU, Source("phantom"))

    def finds(volume, *, progress=silent):
        return Prediction((STRUCTURE,), {"tumour": volume.voxels > 500})

    found = doubt(finds, volume)
    assert found.value == 0
    assert not found.entropy_bits.any()


def test_perturbations_are_the_same_for_the_same_seed_and_little():
    volume = image()
    found = perturbations(volume, 5, seed=3)
    assert found == perturbations(volume, 5, seed=3)
    assert found != perturbations(volume, 5, seed=4)
    assert len({one.seed for one in found}) == 5
    assert all(one.mirrored_axis is None for one in found)
    assert all(abs(step) <= 2 for one in found for step in one.shift_kji)
    unmoved = Perturbation(7, found[0].noise, 0, 1, (0, 0, 0)).of(volume)
    change = unmoved.voxels - volume.voxels
    assert change.std() == pytest.approx(STRENGTHS[Quantity.HU].noise, rel=0.1)
    assert change.mean() == pytest.approx(0, abs=1)
    brighter = Perturbation(7, 0, 10, 1.5, (0, 0, 0)).of(volume).voxels
    middle = np.median(volume.voxels)
    assert np.allclose(brighter, (volume.voxels - middle) * 1.5 + middle + 10, atol=1e-3)


def test_values_without_a_scale_are_perturbed_by_their_own_range():
    volume = image(quantity=Quantity.ARBITRARY)
    assert perturbations(volume, 1)[0].noise == pytest.approx(0.03 * value_range(volume.voxels))
    assert value_range(volume.voxels) == pytest.approx(588, abs=3)
    for modality, noise in (("CT", 15), ("MR", 0.03 * 588)):
        assert perturbations(volume, 1, modality=modality)[0].noise == pytest.approx(noise, rel=0.01)
    said = image(quantity=Quantity.HU)
    assert perturbations(said, 1, modality="PT") == perturbations(said, 1)
    lone = np.zeros((5, 30, 30))
    lone[2, 3, 4] = 7
    assert value_range(lone) == 7
    assert value_range(np.full((3, 3, 3), np.nan)) == 0
    flat = Volume(oblique((1, 5, 5)), np.zeros((1, 5, 5)), Quantity.ARBITRARY, Source("phantom"))
    (change,) = perturbations(flat, 1)
    assert (change.noise, change.shift_kji[0]) == (0, 0)
    assert np.array_equal(change.of(flat).voxels, flat.voxels)


def test_every_second_one_is_mirrored_from_left_to_right_only_where_it_is_asked_for():
    volume = image()
    assert left_right_axis(volume.grid) == 2
    axes = [one.mirrored_axis for one in perturbations(volume, 4, mirror=True)]
    assert axes == [None, 2, None, 2]


masks = st.lists(
    st.lists(st.booleans(), min_size=8, max_size=8).map(lambda bits: np.array(bits).reshape(2, 2, 2)),
    min_size=2,
    max_size=5,
)


@given(masks)
def test_the_value_of_a_structure_is_one_minus_the_mean_dice_of_all_pairs(found):
    value = structure_value(found)
    if not any(mask.any() for mask in found):
        assert value is None
        return
    sets = [set(np.flatnonzero(mask)) for mask in found]
    pairs = [(a, b) for n, a in enumerate(sets) for b in sets[n + 1 :]]
    dice = [2 * len(a & b) / (len(a) + len(b)) if a or b else 1 for a, b in pairs]
    assert value == pytest.approx(1 - sum(dice) / len(dice))
    assert 0 <= value <= 1
    assert value == pytest.approx(structure_value(found[::-1]))
    assert (value == pytest.approx(0)) == all(one == sets[0] for one in sets)


def test_the_entropy_of_votes():
    bits = vote_entropy_bits(np.array([[0, 2], [4, 8]], np.uint8), 8)
    quarter = -(0.25 * math.log2(0.25) + 0.75 * math.log2(0.75))
    assert bits.dtype == np.float32
    assert np.allclose(bits, [[0, quarter], [1, 0]])


def one(name, value, volumes=(1.0, 3.0)):
    return StructureDoubt(Structure(name.lower(), name, 1), value, volumes)


def test_a_case_is_as_doubtful_as_its_structures_are_on_average():
    found = [one("Liver", 0.1), one("Tumour", 0.5), one("Cyst", None, (0.0, 0.0))]
    assert case_value(found) == pytest.approx(0.3)
    assert case_value(found, ["tumour"]) == 0.5
    assert case_value(found, ["Spleen"]) == pytest.approx(0.3), "the model knows none of what is wanted"
    assert case_value(found, ["Cyst"]) is None, "found none: it is certain of nothing"
    assert case_value(found[2:]) is None
    assert (found[0].volume_mm3, found[0].volume_sd_mm3, found[0].found_in) == (2, pytest.approx(2**0.5), 2)
    assert found[2].found_in == 0


def test_too_few_or_too_many_samples_are_refused():
    for count in (1, 65):
        with pytest.raises(InputError, match="2 to 64") as caught:
            Sampling(count)
        assert caught.value.details["reason"] == "samples"


def test_cases_of_low_contrast_are_more_doubtful_at_the_border_and_worse():
    values, errors = [], []
    for contrast in (1.5, 1.0, 0.8, 0.7):
        volume, truth = tumour(contrast)
        found = doubt(finds_tumour, volume)
        values.append(found.value)
        mask = found.prediction.masks["tumour"]
        errors.append(1 - 2 * np.count_nonzero(mask & truth) / (mask.sum() + truth.sum()))
        border = binary_dilation(truth, iterations=2) & ~binary_erosion(truth, iterations=2)
        assert found.entropy_bits[border].mean() > 4 * found.entropy_bits[~border].mean()
    assert values == sorted(values)
    assert values[0] < 0.15
    assert values[-1] > 0.35
    assert errors == sorted(errors), "the less sure the model is, the worse is what it finds"


def test_no_doubt_where_a_model_finds_none_and_where_it_always_finds_the_same():
    volume = image()

    def finds(mask):
        return lambda volume, *, progress=silent: Prediction((STRUCTURE,), {"tumour": mask})

    none = doubt(finds(np.zeros(volume.grid.shape_kji, bool)), volume)
    assert none.value is None
    assert none.structures[0].value is None
    assert not none.entropy_bits.any()
    everywhere = doubt(finds(np.ones(volume.grid.shape_kji, bool)), volume, sampling=Sampling(3))
    assert everywhere.value == 0
    assert everywhere.structures[0].volumes_mm3 == (pytest.approx(volume.voxels.size * 2.16),) * 3


def test_a_structure_that_only_some_samples_know_counts():
    volume = image()
    told = []

    def finds(volume, *, progress=silent):
        told.append(len(told))
        if len(told) > 1:
            return Prediction((), {})
        mask = np.zeros(volume.grid.shape_kji, bool)
        mask[3:5, 4:9, 4:9] = True
        return Prediction((STRUCTURE,), {"tumour": mask})

    found = doubt(finds, volume, sampling=Sampling(4))
    (tumour_doubt,) = found.structures
    # Three of six pairs disagree wholly; the three of empty ones agree.
    assert (tumour_doubt.value, tumour_doubt.found_in) == (0.5, 1)
    assert found.entropy_bits.max() == pytest.approx(-(0.25 * math.log2(0.25) + 0.75 * math.log2(0.75)))
    assert np.count_nonzero(found.entropy_bits) == 2 * 5 * 5


def test_it_can_be_cancelled_and_tells_which_sample_it_is_at():
    told = []

    def stop(task, done, total):
        told.append((task, done, total))
        if len(told) == 3:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        doubt(finds_tumour, tumour()[0], sampling=Sampling(5), progress=stop)
    assert told[-1] == ("looking, sample 3 of 5", 2, 5)
