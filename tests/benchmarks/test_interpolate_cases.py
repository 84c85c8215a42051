"""What the benchmark of interpolation takes as truth, what it gives, and how it judges."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest

from interpolate.cases import (
    Case,
    cases,
    evenly_inside,
    evenly_spaced,
    given_indices,
    given_slices,
    is_enough,
    mixed_slices,
    share_repeated,
)
from interpolate.metrics import changed, dice, dice_not_given, hd95_mm, not_given, volume_not_given
from interpolate.real_cases import distinct
from medseg.contour import Slice

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def box(shape, low, high):
    mask = np.zeros(shape, dtype=bool)
    mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = True
    return mask


def save(path, array_xyz, affine):
    path.parent.mkdir(exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(array_xyz, affine), path)


@pytest.fixture
def data(tmp_path):
    """A folder like the real one: three sarcomas, two label maps of organs, two brains."""
    tumour = np.zeros((40, 30, 20), dtype=np.uint8)
    tumour[10:30, 8:22, 3:18] = 1
    for name in ("001_MR_T1", "002_MR_T1", "002_CT", "004_MR_T1"):
        save(tmp_path / "sarcoma" / f"{name}_mask.nii.gz", tumour, np.diag([0.5, 1.0, 3.0, 1.0]))
    values = np.arange(tumour.size, dtype=np.float32).reshape(tumour.shape)
    save(tmp_path / "sarcoma" / "002_CT_image.nii.gz", values, np.diag([0.5, 1.0, 3.0, 1.0]))
    organs = np.zeros((30, 30, 30), dtype=np.uint8)
    organs[5:20, 5:20, 0:15] = 7
    organs[25:27, 25:27, 25:27] = 8
    save(tmp_path / "organs" / "example_seg.nii.gz", organs, np.eye(4))
    save(tmp_path / "organs" / "example_seg_dicom.nii.gz", organs, np.eye(4))
    ct = np.zeros((30, 30, 112), dtype=np.int32)
    ct[..., 82:] = np.where(organs == 7, 46, -1000)
    save(tmp_path / "organs" / "example_ct.nii.gz", ct, np.eye(4))
    # From left to right, head to feet, back to front, as brains are often stored.
    brain = np.zeros((30, 25, 40), dtype=np.float32)
    brain[8:20, 5:16, 10:35] = 17
    brain[20:26, 5:16, 10:35] = 502
    affine = np.array([[-1, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1.0]])
    save(tmp_path / "brain_labels" / "01.nii.gz", brain, affine)
    save(tmp_path / "brain_labels" / "02.nii.gz", brain, affine)
    return tmp_path


def test_cases_are_read_as_k_j_i_with_their_margin(data):
    found = {case.name: case for case in cases(data)}
    assert sorted(found) == [
        "brain-01-017", "brain-02-017", "organ-ct-007", "organ-ct2-007",
        "sarcoma-001-MR", "sarcoma-002-CT", "sarcoma-002-MR",
    ]  # fmt: skip
    tumour = found["sarcoma-002-CT"]
    assert tumour.spacing_kji_mm == (3.0, 1.0, 0.5)
    # Four voxels of margin all around, or as many as there are.
    np.testing.assert_array_equal(tumour.truth, box((20, 22, 28), (3, 4, 4), (18, 18, 24)))
    assert tumour.truth.flags.c_contiguous
    assert tumour.image_kind == "CT"
    x, y, z = 10 - 4, 8 - 4, 0
    assert tumour.image[0, 0, 0] == np.ravel_multi_index((x, y, z), (40, 30, 20))
    assert found["sarcoma-001-MR"].image is None


def test_the_ct_of_the_organs_is_the_part_that_shows_them(data):
    organ = next(case for case in cases(data, ("organ",)) if case.image is not None)
    assert (organ.image[organ.truth] == 46).all()
    assert (organ.image[~organ.truth] == -1000).all()


def test_brains_are_turned_so_that_k_is_axial_and_leave_out_what_is_not_brain(data):
    brain = cases(data, ("brain",))[0]
    np.testing.assert_array_equal(brain.truth.sum(axis=(1, 2)) > 0, [False] * 4 + [True] * 11 + [False] * 4)
    assert brain.truth.shape == (11 + 8, 25 + 8, 12 + 8)


def test_a_patient_is_in_one_half_of_the_split_only(data):
    found = cases(data)
    splits = {}
    for case in found:
        splits.setdefault((case.kind, case.patient), set()).add(case.split)
    assert splits == {
        ("sarcoma", "001"): {"tune"}, ("sarcoma", "002"): {"report"},
        ("organ", "example"): {"tune"}, ("organ", "example_dicom"): {"report"},
        ("brain", "01"): {"tune"}, ("brain", "02"): {"report"},
    }  # fmt: skip
    assert [case.name for case in cases(data, split="report")] == [
        case.name for case in found if case.split == "report"
    ]


def test_a_mask_that_comes_with_two_images_counts_once(data):
    names = [case.name for case in distinct(cases(data, ("sarcoma",)))]
    assert names == ["sarcoma-001-MR", "sarcoma-002-MR"]


def test_the_grid_of_a_case_has_its_spacing():
    case = Case("a", "organ", "p", "tune", box((4, 5, 6), (1, 1, 1), (3, 3, 3)), (3.0, 2.0, 0.5))
    assert case.grid.shape_kji == (4, 5, 6)
    assert case.grid.spacing_kji_mm == (3.0, 2.0, 0.5)


@pytest.mark.parametrize(
    ("every", "expected"), [(2, [3, 5, 7, 9, 11, 12]), (3, [3, 6, 9, 12]), (8, [3, 11, 12]), (99, [3, 12])]
)
def test_every_kth_slice_is_given_with_both_ends(every, expected):
    mask = box((20, 8, 8), (3, 2, 2), (13, 6, 6))
    assert given_indices(mask, 0, every) == expected
    assert given_indices(np.moveaxis(mask, 0, 2), 2, every) == expected


def test_what_is_given_is_the_mask_on_these_slices():
    mask = np.random.default_rng(3).random((9, 8, 7)) > 0.5
    drawn = given_slices(mask, 1, 3)
    assert list(drawn) == [Slice(1, 0), Slice(1, 3), Slice(1, 6), Slice(1, 7)]
    np.testing.assert_array_equal(drawn[Slice(1, 3)], mask[:, 3, :])


def test_mixed_planes_cut_the_extent_into_equal_parts():
    mask = box((30, 50, 50), (2, 5, 10), (19, 26, 31))
    assert evenly_inside(mask, 2, 3) == [15, 20, 25]
    assert evenly_inside(mask, 1, 1) == [15]
    assert list(mixed_slices(mask, 8, 1, 2)) == [
        Slice(0, 2), Slice(0, 10), Slice(0, 18), Slice(2, 20), Slice(1, 11), Slice(1, 18),
    ]  # fmt: skip


def test_evenly_spaced_slices_include_both_ends():
    mask = box((30, 4, 4), (4, 1, 1), (25, 3, 3))
    assert evenly_spaced(mask, 0, 2) == [4, 24]
    assert evenly_spaced(mask, 0, 5) == [4, 9, 14, 19, 24]
    assert evenly_spaced(mask, 0, 99) == list(range(4, 25))


def test_a_structure_needs_voxels_and_slices_along_each_axis():
    assert is_enough(box((12, 12, 12), (1, 1, 1), (11, 11, 11)))
    assert not is_enough(box((12, 12, 12), (1, 1, 1), (10, 11, 11)))
    assert not is_enough(box((30, 12, 12), (1, 1, 1), (25, 3, 3)))


def test_slices_of_a_coarser_grid_are_known_by_their_copies():
    slices = np.random.default_rng(3).random((8, 6, 6)) < 0.5
    own = np.concatenate([np.zeros((1, 6, 6), dtype=bool), slices, np.zeros((2, 6, 6), dtype=bool)])
    repeated = np.repeat(own, 2, axis=0)
    assert share_repeated(own, 0) == 0
    # Of 16 slices each second one is a copy of the one before.
    assert share_repeated(repeated, 0) == pytest.approx(8 / 15)
    assert share_repeated(np.moveaxis(repeated, 0, 2), 2) == pytest.approx(8 / 15)
    for mask, repeats in ((own, False), (repeated, True)):
        assert Case("a", "organ", "p", "tune", mask, (1.0, 1.0, 1.0)).repeats == repeats


def test_dice_counts_only_what_was_not_given():
    truth = box((5, 4, 4), (0, 0, 0), (5, 4, 2))
    found = box((5, 4, 4), (0, 0, 0), (5, 4, 1))
    drawn = {Slice(0, 0): truth[0], Slice(0, 4): truth[4], Slice(2, 1): truth[:, :, 1]}
    assert dice(found, truth) == pytest.approx(2 * 20 / (20 + 40))
    assert not_given(truth.shape, drawn).sum() == 3 * 4 * 3
    assert dice_not_given(found, truth, drawn) == 1.0
    assert dice(~truth & truth, ~truth & truth) == 1.0


def test_volume_counts_only_what_was_not_given():
    truth = box((6, 5, 5), (0, 1, 1), (6, 4, 4))
    drawn = {Slice(0, k): truth[k] for k in (0, 5)}
    found = box((6, 5, 5), (0, 1, 1), (6, 4, 3))
    assert volume_not_given(found, truth, drawn) == pytest.approx(2 / 3)
    assert volume_not_given(found, truth, {Slice(0, k): truth[k] for k in range(6)}) is None


def test_changed_voxels_of_drawn_planes_are_counted():
    truth = box((5, 4, 4), (0, 0, 0), (5, 4, 2))
    drawn = given_slices(truth, 0, 2)
    assert changed(truth, drawn) == 0
    found = truth.copy()
    found[2, 1, 3] = True
    found[1] = False
    assert changed(found, drawn) == 1


def test_hd95_is_in_mm_and_ignores_the_worst_twentieth():
    truth = box((20, 20, 20), (4, 4, 4), (16, 16, 16))
    assert hd95_mm(truth, truth, (3, 1, 1)) == 0
    moved = np.roll(truth, 2, axis=0)
    # The two end faces lie 6 mm apart; they are more than a twentieth of the surface.
    assert hd95_mm(moved, truth, (3, 1, 1)) == pytest.approx(6)
    spike = truth.copy()
    spike[18, 10, 10] = True
    assert hd95_mm(spike, truth, (3, 1, 1)) == 0
    assert hd95_mm(np.zeros_like(truth), truth, (3, 1, 1)) == np.inf
