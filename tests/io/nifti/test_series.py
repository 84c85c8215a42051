"""4-D files: the fourth axis as far as NIfTI can say it, and refusals that read no voxel."""

from __future__ import annotations

import gzip
import re

import nibabel
import numpy as np
import pytest
import SimpleITK

from medseg.errors import NotOneVolumeError
from medseg.io.nifti.header import NIFTI_1
from medseg.io.nifti.image import read_image, write_image
from medseg.io.nifti.series import read_series, write_series
from medseg.space import Grid
from medseg.volume import Quantity, SeriesAxis, Source, VolumeSeries

GRID = Grid.from_axes(
    (3, 4, 5),
    origin_lps_mm=(-20, -30, 40),
    step_k_mm=(0, 0, 5),
    step_j_mm=(0, 0.8, 0),
    step_i_mm=(0.7, 0, 0),
)


def series(axis=SeriesAxis.TIME, values=(1.0, 3.5, 6.0), dtype=np.int16) -> VolumeSeries:
    voxels = np.arange(len(values) * 60).reshape(len(values), *GRID.shape_kji).astype(dtype)
    return VolumeSeries.from_array(
        GRID, voxels, axis=axis, values=values, quantity=Quantity.ARBITRARY, sources=Source("phantom")
    )


def save(path, *, shape=(5, 4, 3, 6), pixdim_4=2.0, units=2 | 8, toffset=0.0):
    image = nibabel.Nifti1Image(np.arange(np.prod(shape), dtype=np.int16).reshape(shape), np.eye(4))
    image.to_filename(path)
    raw = bytearray(path.read_bytes())
    header = np.ndarray((), NIFTI_1, raw)
    header["pixdim"][4], header["xyzt_units"], header["toffset"] = pixdim_4, units, toffset
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_a_series_in_time_comes_back(tmp_path, name):
    write_series(series(), tmp_path / name)
    back = read_series(tmp_path / name)
    assert (back.axis, back.values, back.unit) == (SeriesAxis.TIME, (1.0, 3.5, 6.0), "s")
    assert np.array_equal(back.voxels_tkji, series().voxels_tkji)
    assert back.grid.is_same_as(GRID)
    assert back.warnings == ()
    header = nibabel.load(tmp_path / name).header
    assert header.get_xyzt_units() == ("mm", "sec")
    assert header.get_zooms()[3] == 2.5
    itk = SimpleITK.ReadImage(str(tmp_path / name))
    assert itk.GetSpacing()[3] == pytest.approx(2.5)
    assert np.array_equal(SimpleITK.GetArrayFromImage(itk), series().voxels_tkji)


@pytest.mark.parametrize(
    ("axis", "values"),
    [
        (SeriesAxis.ECHO, (2.0, 4.0, 6.0)),
        (SeriesAxis.B_VALUE, (0, 1000, 1000)),
        (SeriesAxis.INDEX, (0, 1, 2)),
        (SeriesAxis.TIME, (0, 1, 5)),
        (SeriesAxis.TIME, (2, 2, 2)),
        (SeriesAxis.TIME, (7,)),
    ],
)
def test_what_nifti_cannot_say_is_left_to_a_sidecar(tmp_path, axis, values):
    write_series(series(axis, values), tmp_path / "a.nii.gz")
    header = nibabel.load(tmp_path / "a.nii.gz").header
    assert header.get_data_shape() == (5, 4, 3, len(values))
    assert header.get_xyzt_units() == ("mm", "unknown")
    assert header["pixdim"][4] == 1
    back = read_series(tmp_path / "a.nii.gz")
    assert (back.axis, back.values) == (SeriesAxis.INDEX, tuple(range(len(values))))
    assert ("no unit of time" in "".join(back.warnings)) == (len(values) > 1)


@pytest.mark.parametrize(
    ("given", "axis", "values", "warning"),
    [
        ({"units": 2 | 8}, SeriesAxis.TIME, [0, 2, 4, 6, 8, 10], None),
        ({"units": 2 | 16, "pixdim_4": 500, "toffset": 250}, SeriesAxis.TIME, [0.25, 0.75], None),
        ({"units": 2 | 24, "pixdim_4": 5e5}, SeriesAxis.TIME, [0, 0.5], None),
        ({"units": 2}, SeriesAxis.INDEX, [0, 1], "no unit of time"),
        ({"units": 2 | 32}, SeriesAxis.INDEX, [0, 1], "in Hz, not time"),
        ({"units": 2 | 40}, SeriesAxis.INDEX, [0, 1], "in ppm, not time"),
        ({"units": 2 | 48}, SeriesAxis.INDEX, [0, 1], "in rad/s, not time"),
        ({"units": 2 | 56}, SeriesAxis.INDEX, [0, 1], "unknown unit 56"),
        ({"pixdim_4": 0}, SeriesAxis.INDEX, [0, 1], "pixdim\\[4\\] is 0"),
        ({"pixdim_4": -1}, SeriesAxis.INDEX, [0, 1], "pixdim\\[4\\] is -1"),
        ({"pixdim_4": np.inf}, SeriesAxis.INDEX, [0, 1], "pixdim\\[4\\] is inf"),
        ({"toffset": np.nan}, SeriesAxis.INDEX, [0, 1], "toffset nan"),
    ],
)
def test_what_a_header_says_of_the_fourth_axis(tmp_path, given, axis, values, warning):
    found = read_series(save(tmp_path / "a.nii", **given))
    assert found.axis is axis
    assert found.values[: len(values)] == pytest.approx(values)
    assert len(found) == 6
    assert len(found.warnings) == (warning is not None)
    assert re.search(warning or "", "".join(found.warnings))


def test_each_volume_is_the_one_of_its_time(tmp_path):
    found = read_series(save(tmp_path / "a.nii"))
    stored = np.asarray(nibabel.load(tmp_path / "a.nii").dataobj)
    for t, volume in enumerate(found):
        assert np.array_equal(volume.voxels, stored[..., t].T)
        assert np.shares_memory(volume.voxels, found.voxels_tkji)


def test_a_3d_file_is_a_series_of_one(tmp_path):
    write_image(series().volumes[0], tmp_path / "a.nii")
    found = read_series(tmp_path / "a.nii")
    assert (len(found), found.axis, found.values) == (1, SeriesAxis.INDEX, (0.0,))


def test_a_4d_file_of_one_volume_is_an_image(tmp_path):
    write_series(series(values=(7,)), tmp_path / "a.nii")
    assert np.array_equal(read_image(tmp_path / "a.nii").voxels, series(values=(7,)).voxels_tkji[0])


@pytest.mark.parametrize(
    ("shape", "reader", "reason"),
    [
        ((5, 4, 3, 7), read_image, "4d"),
        ((5, 4, 3, 1, 3), read_image, "5d"),
        ((5, 4, 3, 7, 3), read_series, "5d"),
        ((5, 4, 3, 1, 1, 2), read_series, "5d"),
        ((5, 4), read_image, "not-3d"),
        ((5, 4), read_series, "not-3d"),
    ],
)
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_other_shapes_are_refused_before_any_voxel_is_read(tmp_path, shape, reader, reason, name):
    """The file is cut off: whoever reads on to its voxels says that instead."""
    header = save(tmp_path / "whole.nii", shape=shape).read_bytes()[:352]
    if name.endswith(".gz"):
        noise = np.random.default_rng(0).bytes(1 << 20)
        cut_off = gzip.compress(header + noise, 1)[: 1 << 19]
    else:
        cut_off = header
    (tmp_path / name).write_bytes(cut_off)
    with pytest.raises(NotOneVolumeError) as caught:
        reader(tmp_path / name)
    assert caught.value.details["reason"] == reason


def test_voxels_of_a_series_that_are_not_finite_are_counted_once(tmp_path):
    voxels = np.zeros((5, 4, 3, 2), np.float32)
    voxels[0, 0, 0] = np.nan, np.inf
    image = nibabel.Nifti1Image(voxels, np.eye(4))
    image.header.set_xyzt_units("mm", "sec")
    image.to_filename(tmp_path / "a.nii")
    assert read_series(tmp_path / "a.nii").warnings == ("2 voxels are not finite numbers",)
