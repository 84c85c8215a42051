"""A leaning volume stands upright with every value where it was in the patient."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - its own name for itself
from scipy.spatial.transform import Rotation

import medseg
from medseg.errors import Cancelled, GeometryError
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume
from medseg.volume.resample import deshear
from tilted import TILTS_DEG, ball, positions_lps_mm, ramp, sampled, tilted_grid

tilts = pytest.mark.parametrize("tilt_ji_deg", TILTS_DEG.values(), ids=TILTS_DEG)


def between_pixel_centres(leaning: Grid, upright: Grid) -> np.ndarray:
    """Which voxels of the upright grid lie on or between pixel centres of their own slice, mask [k, j, i]."""
    index = leaning.to_index(positions_lps_mm(upright))
    last = np.array(leaning.shape_kji) - 1
    return ((index >= -1e-6) & (index <= last + 1e-6)).all(axis=-1)


@tilts
def test_a_ramp_in_the_patient_comes_out_exactly(tilt_ji_deg):
    leaning = sampled(tilted_grid(tilt_ji_deg), ramp)
    upright = deshear(leaning)
    inside = between_pixel_centres(leaning.grid, upright.grid)
    expected = ramp(positions_lps_mm(upright.grid))
    assert inside.sum() > 0.8 * leaning.voxels.size
    assert np.abs(upright.voxels - expected)[inside].max() < 1e-9
    assert upright.grid.shear < 1e-12


@tilts
def test_a_ball_in_the_patient_comes_out_within_the_error_of_interpolation(tilt_ji_deg):
    leaning = sampled(tilted_grid(tilt_ji_deg), ball, np.int16)
    upright = deshear(leaning)
    inside = between_pixel_centres(leaning.grid, upright.grid)
    off = np.abs(upright.voxels - ball(positions_lps_mm(upright.grid)))[inside]
    # h²/8 times the largest curvature along each axis (1060 HU x 0.0963/mm², and 1/0.81 of it along j)
    # bounds linear interpolation; rounding twice adds 1
    assert off.max() < 102 * (0.7**2 / 0.81 + 0.9**2) / 8 + 1
    wrong_side = deshear(sampled(tilted_grid(tuple(-t for t in tilt_ji_deg)), ball, np.int16))
    assert wrong_side.grid.shape_kji == upright.grid.shape_kji
    assert not np.array_equal(wrong_side.voxels, upright.voxels)


@tilts
def test_no_pixel_is_lost_and_the_rest_is_air(tilt_ji_deg):
    grid = tilted_grid(tilt_ji_deg)
    upright = deshear(Volume(grid, np.full(grid.shape_kji, 37, np.int16), Quantity.HU, Source("phantom")))
    assert set(np.unique(upright.voxels)) == {-1024, 37}
    assert np.array_equal((upright.voxels == 37).sum(axis=(1, 2)), np.full(12, 30 * 28))
    centres = upright.grid.to_index(grid.corners_lps_mm())
    assert (centres > -0.501).all()
    assert (centres < np.array(upright.grid.shape_kji) - 0.499).all()


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_shift_by_whole_pixels_moves_the_values_bit_for_bit(sign):
    k, j, i = Rotation.from_euler("xyz", (11, -7, 23), degrees=True).as_matrix().T
    grid = Grid.from_axes(
        (20, 6, 5),
        origin_lps_mm=(-80.1, 33.7, 12.9),
        step_k_mm=np.round(4 * k + sign * (1.4 * j - 0.9 * i), 6),  # as headers round it
        step_j_mm=0.7 * j,
        step_i_mm=0.9 * i,
    )
    voxels = np.random.default_rng(5).normal(0, 1, grid.shape_kji)
    upright = deshear(Volume(grid, voxels, Quantity.SUVBW, Source("phantom")))
    at = np.rint(upright.grid.to_index(positions_lps_mm(grid))).astype(int)
    assert np.array_equal(upright.voxels[tuple(np.moveaxis(at, -1, 0))], voxels)


@pytest.mark.parametrize(
    ("quantity", "dtype", "fill", "found", "found_dtype"),
    [
        (Quantity.HU, np.int16, None, -1024, np.int16),
        (Quantity.HU, np.uint16, None, -1024, np.int32),
        (Quantity.HU, np.float32, None, -1024, np.float32),
        (Quantity.SUVBW, np.float32, None, 0, np.float32),
        (Quantity.ARBITRARY, np.uint16, None, 0, np.uint16),
        (Quantity.ARBITRARY, np.int16, -5.0, -5, np.int16),
        (Quantity.HU, np.int16, np.nan, np.nan, np.float32),
    ],
)
def test_voxels_out_of_view_hold_the_fill_and_the_type_can_hold_it(quantity, dtype, fill, found, found_dtype):
    leaning = sampled(tilted_grid((18.5, 0)), lambda points: points[..., 0] * 0 + 9, dtype, quantity)
    upright = deshear(leaning, fill=fill)
    assert upright.voxels.dtype == found_dtype
    assert upright.voxels[-1, 0, 0] == pytest.approx(found, nan_ok=True)


def test_what_was_done_is_said():
    leaning = sampled(tilted_grid((18.5, 0)), ramp, np.int16)
    leaning = Volume(leaning.grid, leaning.voxels, leaning.quantity, leaning.source, ("An old one.",))
    assert deshear(leaning).warnings == (
        "An old one.",
        "The stack of slices leant by 18.5° and was resampled upright: its slices were shifted in their "
        "planes by up to 14.72 mm (linear interpolation within each slice); voxels outside of the slices are "
        "-1024.",
    )


def test_an_upright_volume_is_left_alone():
    volume = sampled(tilted_grid((0, 0)), ramp)
    assert deshear(volume) is volume


def test_rows_and_columns_at_a_slant_are_refused():
    grid = Grid.from_axes(
        (2, 4, 4), origin_lps_mm=(0, 0, 0), step_k_mm=(0, 1, 4), step_j_mm=(0.1, 1, 0), step_i_mm=(1, 0, 0)
    )
    with pytest.raises(GeometryError, match="right angle"):
        deshear(sampled(grid, ramp))


def test_it_can_be_cancelled():
    def stop(task: str, done: int, total: int) -> None:
        if done == 3:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        deshear(sampled(tilted_grid((18.5, 0)), ramp), progress=stop)


def test_a_real_tilted_ct_is_what_itk_resamples_slice_by_slice(real_data):
    leaning = medseg.open_image(real_data / "ct_gantry_tilt" / "philips_S2010")
    upright = deshear(leaning)
    assert upright.voxels.dtype == leaning.voxels.dtype
    assert upright.grid.shape_kji == (54, 599, 512)  # 53 steps of 0.7933 mm are 87.2 pixels
    for k in range(54):
        ours = as_itk_slice(upright, k)
        itk = sitk.Resample(
            as_itk_slice(leaning, k), ours, sitk.Transform(), sitk.sitkLinear, -1024.0, sitk.sitkFloat64
        )
        off = np.abs(sitk.GetArrayViewFromImage(itk)[0] - upright.voxels[k])
        assert off.max() <= 0.5 + 1e-6


def as_itk_slice(volume: Volume, k: int) -> sitk.Image:
    """One slice as an ITK image of its own: ITK can't hold the lean of the whole stack."""
    image = sitk.GetImageFromArray(volume.voxels[k : k + 1].astype(np.float64))
    _, along_column, along_row = volume.grid.directions.T
    _, row_mm, column_mm = volume.grid.spacing_kji_mm
    normal = np.cross(along_row, along_column)
    image.SetSpacing((column_mm, row_mm, 1.0))
    image.SetDirection(np.column_stack([along_row, along_column, normal]).ravel().tolist())
    image.SetOrigin(volume.grid.to_lps_mm((k, 0, 0)).tolist())
    return image
