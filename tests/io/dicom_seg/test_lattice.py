"""The smallest regular grid that holds all frames, or the reason why there is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from medseg.errors import NotOneVolumeError, UnsupportedImageError
from medseg.io.dicom.header import read_headers
from medseg.io.dicom_seg.lattice import MAX_VOXELS, lattice_of
from segmented_series import OBLIQUE, reference_on


@pytest.fixture(scope="module")
def header(tmp_path_factory):
    """Of an image of 27 x 23 pixels of 0.9 and 0.7 mm."""
    folder = tmp_path_factory.mktemp("series")
    reference_on(OBLIQUE, folder)
    return read_headers(folder / "IM0001.dcm")[0]


def frames_at(header, heights_mm, *, shifts_mm=None, **fields):
    """Frames at some heights along the normal, moved sideways along the rows."""
    along_row = OBLIQUE.directions[:, 2]
    normal = np.cross(along_row, OBLIQUE.directions[:, 1])
    shifts = np.zeros(len(heights_mm)) if shifts_mm is None else shifts_mm
    return [
        replace(
            header,
            position_lps_mm=tuple(OBLIQUE.origin_lps_mm + height * normal + shift * along_row),
            **fields,
        )
        for height, shift in zip(heights_mm, shifts, strict=True)
    ]


@pytest.mark.parametrize(
    ("heights", "stated", "step", "slices"),
    [
        ([0, 3, 6], 3, 3, (0, 1, 2)),
        ([0, 3, 6], None, 3, (0, 1, 2)),
        ([6, 0, 3], None, 3, (2, 0, 1)),
        ([0, 0, 3, 3], None, 3, (0, 0, 1, 1)),
        ([0, 9, 12], 3, 3, (0, 3, 4)),
        ([0, 9, 12], None, 3, (0, 3, 4)),
        ([0, 2, 5], None, 1, (0, 2, 5)),  # no gap is the step
        ([0, 6, 12], 3, 3, (0, 2, 4)),  # every other slice is empty, says the file
        ([0, 3, 6], 5, 3, (0, 1, 2)),  # what it states can't be
        ([0, 3, 6], -1, 3, (0, 1, 2)),
        ([-202.5, 0, 1.25, 2.5], None, 1.25, (0, 162, 163, 164)),
        ([0, 3.01, 5.99], None, 2.995, (0, 1, 2)),  # rounded positions
    ],
)
def test_the_step_is_the_largest_that_fits_all_gaps(header, heights, stated, step, slices):
    lattice = lattice_of(frames_at(header, heights), stated)
    assert lattice.grid.spacing_kji_mm[0] == pytest.approx(step, abs=1e-9)
    assert lattice.slices == slices
    assert lattice.grid.shape_kji == (max(slices) + 1, header.rows, header.columns)
    assert lattice.grid.shear < 1e-12
    assert ("as the file says" in " ".join(lattice.notes)) == (stated == 5)


def test_frames_that_lean_make_a_sheared_grid(header):
    frames = frames_at(header, [0, 3, 9], shifts_mm=[0, 1, 3])
    lattice = lattice_of(frames, 3)
    for frame, k in zip(frames, lattice.slices, strict=True):
        np.testing.assert_allclose(lattice.grid.to_lps_mm([k, 0, 0]), frame.position_lps_mm, atol=1e-9)
    assert lattice.grid.shear == pytest.approx(1 / np.hypot(1, 3))


def test_jitter_in_the_plane_does_not_lean(header):
    lattice = lattice_of(frames_at(header, [0, 3, 6, 9], shifts_mm=[0, 0.1, -0.1, 0]), 3)
    assert lattice.grid.shear < 1e-12
    assert any("off the grid" in note for note in lattice.notes)


def test_a_lone_frame_takes_its_thickness_for_the_distance(header):
    lattice = lattice_of(frames_at(header, [0], slice_thickness_mm=4.0), None)
    assert lattice.grid.spacing_kji_mm[0] == pytest.approx(4)
    assert lattice.notes == ("there is one slice: its thickness was taken for the distance to the next",)
    stated = lattice_of(frames_at(header, [0], slice_thickness_mm=4.0), 2.5)
    assert stated.grid.spacing_kji_mm[0] == pytest.approx(2.5)
    assert stated.notes == ()


@pytest.mark.parametrize(
    ("frames", "error", "reason"),
    [
        (lambda h: frames_at(h, [0], slice_thickness_mm=None), NotOneVolumeError, "one-slice"),
        (lambda h: frames_at(h, [0, 3, 7.13, 9]), NotOneVolumeError, "uneven-spacing"),
        (lambda h: frames_at(h, [0, 3, 6], shifts_mm=[0, 2, 0]), NotOneVolumeError, "irregular-positions"),
        (lambda h: frames_at(h, [0, 3e9, 3e9 + 3]), UnsupportedImageError, "too-large"),
        (lambda h: frames_at(h, [0, 3], orientation=None), UnsupportedImageError, "no-position"),
        (lambda h: frames_at(h, [0, 3], spacing_ji_mm=None), UnsupportedImageError, "no-spacing"),
        (lambda h: frames_at(h, [0, 3], spacing_ji_mm=(0, 1)), UnsupportedImageError, "no-spacing"),
        (
            lambda h: frames_at(h, [0, 3], orientation=(1, 0, 0, 1, 0, 0)),
            UnsupportedImageError,
            "invalid-orientation",
        ),
        (
            lambda h: [*frames_at(h, [0, 3]), *frames_at(h, [6], orientation=(0, 1, 0, 0, 0, 1))],
            NotOneVolumeError,
            "mixed-orientation",
        ),
        (
            lambda h: [*frames_at(h, [0, 3]), *frames_at(h, [6], spacing_ji_mm=(1, 1))],
            NotOneVolumeError,
            "mixed-spacing",
        ),
    ],
)
def test_what_is_no_regular_volume_is_refused_by_name(header, frames, error, reason):
    with pytest.raises(error) as raised:
        lattice_of(frames(header), None)
    assert raised.value.details["reason"] == reason


def test_a_grid_never_outgrows_its_bound(header):
    """Frames of a few pixels, far apart: the file is small, the grid is not."""
    most = MAX_VOXELS // (header.rows * header.columns)
    assert lattice_of(frames_at(header, [0, 3, 3 * (most - 1)]), 3).grid.shape_kji[0] == most
    with pytest.raises(UnsupportedImageError):
        lattice_of(frames_at(header, [0, 3, 3 * most]), 3)
