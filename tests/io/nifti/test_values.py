"""Slope and intercept: what they mean, what they may not be, and that nothing is lost."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from medseg.errors import UnreadableFileError
from medseg.io.nifti.header import NIFTI_1
from medseg.io.nifti.image import read_image
from medseg.io.nifti.values import NO_SCALING, count_not_finite, real_values

NAN, INF = float("nan"), float("inf")


def save(path, voxels, slope, intercept):
    nibabel.Nifti1Image(voxels, np.eye(4), dtype=voxels.dtype).to_filename(path)
    raw = bytearray(path.read_bytes())
    header = np.ndarray((), NIFTI_1, raw)
    header["scl_slope"], header["scl_inter"], header["xyzt_units"] = slope, intercept, 2
    path.write_bytes(raw)
    return path


VOXELS = np.arange(60, dtype=np.int16).reshape(5, 4, 3)


@pytest.mark.parametrize(("slope", "intercept"), [(1, 0), (0, 0), (0, NAN), (0, INF), (NAN, NAN), (NAN, 0)])
def test_what_means_that_nothing_is_scaled(tmp_path, slope, intercept):
    volume = read_image(save(tmp_path / "a.nii", VOXELS, slope, intercept))
    assert volume.voxels.dtype == np.int16
    assert np.array_equal(volume.voxels, VOXELS.T)
    assert volume.warnings == ()


def test_an_intercept_that_a_slope_of_0_switches_off_is_told(tmp_path):
    volume = read_image(save(tmp_path / "a.nii", VOXELS, 0, -1024))
    assert np.array_equal(volume.voxels, VOXELS.T)
    assert volume.warnings == ("scl_slope is 0, so scl_inter -1024 was not added",)


@pytest.mark.parametrize(
    ("slope", "intercept"), [(INF, 0), (-INF, 0), (1, NAN), (2, INF), (NAN, 5), (NAN, INF), (INF, NAN)]
)
def test_numbers_that_scale_nothing_are_refused(tmp_path, slope, intercept):
    with pytest.raises(UnreadableFileError, match="scales by a slope") as caught:
        read_image(save(tmp_path / "a.nii", VOXELS, slope, intercept))
    assert caught.value.details["reason"] == "damaged-header"


@pytest.mark.parametrize(
    ("stored", "slope", "intercept", "kind"),
    [
        (np.array([0, 4095], "u2"), 1, -1024, "i2"),
        (np.array([0, 255], "u1"), 1, 0, "u1"),
        (np.array([0, 100], "u1"), 2, 0, "u1"),
        (np.array([-5, 5], "i2"), -1, 0, "i2"),
        (np.array([0, 65535], "u2"), 1, -1, "i4"),
        (np.array([0, 2**31 - 1], "i4"), 2, 0, "u4"),
        (np.array([0, 2**62], "i8"), 2, 1, "u8"),
        (np.array([-(2**62), 2**62 - 1], "i8"), 2, 0, "i8"),
        (np.array([2**63, 2**64 - 1], "u8"), 1, -(2.0**63), "i8"),
        (np.array([0, 10], "i2"), 0.5, 0, "f4"),
        (np.array([0, 10], "i4"), 0.5, 0, "f8"),
        (np.array([0, 10], "f4"), 2, 0, "f8"),
    ],
)
def test_the_smallest_type_that_loses_nothing(stored, slope, intercept, kind):
    values = real_values(stored.reshape(2, 1, 1), (float(slope), float(intercept)))
    assert values.dtype == np.dtype(kind)
    if kind[0] in "iu":
        expected = [int(number) * int(slope) + int(intercept) for number in stored]
        assert values.ravel().tolist() == expected


integers = st.sampled_from(["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", ">i2", ">u4"])


@given(
    integers.flatmap(lambda kind: arrays.arrays(kind, (2, 3, 4))),
    st.integers(-(2**24), 2**24),
    st.integers(-(2**30), 2**30).map(lambda n: int(np.float32(n))),
)
@settings(max_examples=200)
def test_whole_numbers_are_scaled_without_an_error(stored, slope, intercept):
    values = real_values(stored, (float(slope or 1), float(intercept)))
    expected = [int(number) * (slope or 1) + intercept for number in stored.ravel()]
    if values.dtype.kind in "iu":
        assert values.ravel().tolist() == expected
    else:
        assert min(expected) < -(2**63) or max(expected) > 2**63 - 1
        assert np.allclose(values.ravel(), np.array(expected, float), rtol=1e-12)


def test_unscaled_numbers_of_64_bits_stay_exact(tmp_path):
    voxels = np.full((5, 4, 3), 2**53 + 1, np.int64)
    volume = read_image(save(tmp_path / "a.nii", voxels, NAN, NAN))
    assert volume.voxels.dtype == np.int64
    assert (volume.voxels == 2**53 + 1).all()


def test_what_overflows_is_counted(tmp_path):
    voxels = np.full((5, 4, 3), 1e308)
    volume = read_image(save(tmp_path / "a.nii", voxels, 1e10, 0))
    assert volume.warnings == ("60 voxels are not finite numbers",)


def test_not_finite_is_counted_in_any_shape():
    values = np.array([NAN, INF, -INF, 1.0] * 6, np.float32)
    for shape in ((2, 3, 4), (1, 2, 3, 4), (24, 1, 1)):
        assert count_not_finite(values.reshape(shape)) == 18
    assert count_not_finite(np.zeros((1, 1, 1), np.int16)) == 0
    assert real_values(values.reshape(2, 3, 4), NO_SCALING).dtype == np.float32
