"""Morphology: solids whose numbers are known, on grids of every kind; another program; edge cases."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analytic_solids import STEPS, ball, box, ellipsoid, torus, voxels_of
from medseg.errors import GridMismatchError
from medseg.io.nifti.image import read_image
from medseg.io.nrrd.label_map import read_nrrd_label_map
from medseg.measurement.concepts import CONCEPTS
from medseg.measurement.diameter import longest
from medseg.measurement.shape import mesh_volume_mm3, morphology
from medseg.space import Grid
from solids import upright
from strategies import grids

SOLIDS = {
    "ball": ball(12),
    "ellipsoid": ellipsoid((18, 12, 9)),
    "torus": torus(16, 7),
    "box": box((64, 48, 40)),
}


def values(mask, grid):
    return {one.concept: one.value for one in morphology(mask, grid)}


@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("solid", SOLIDS.values(), ids=SOLIDS)
def test_volumes_and_the_surface_of_known_solids_on_grids_of_every_kind(solid, steps):
    found = values(*voxels_of(solid, steps))
    assert found["volume-voxel"] == pytest.approx(solid.volume_mm3, rel=0.01)
    assert found["volume-mesh"] == pytest.approx(solid.volume_mm3, rel=0.01)
    assert found["surface-crofton"] == pytest.approx(solid.surface_mm2, rel=0.02)


def test_the_mesh_of_a_ball_is_nearly_nine_per_cent_too_large_however_fine():
    for radius in (10, 25):
        solid = ball(radius)
        area = values(*voxels_of(solid, STEPS["isotropic"]))["surface-mesh"]
        assert area / solid.surface_mm2 == pytest.approx(1.087, abs=0.01)


@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
def test_axes_and_densities_of_an_ellipsoid(steps):
    found = values(*voxels_of(SOLIDS["ellipsoid"], steps))
    # The variance along an axis of an ellipsoid is its semi-axis' square over 5.
    assert [found[key] for key in ("major-axis", "minor-axis", "least-axis")] == pytest.approx(
        [4 / 5**0.5 * axis for axis in (18, 12, 9)], rel=0.01
    )
    assert found["elongation"] == pytest.approx(24 / 36, rel=0.01)
    assert found["flatness"] == pytest.approx(18 / 36, rel=0.01)
    assert found["volume-density-aee"] == pytest.approx((5**0.5 / 2) ** 3, rel=0.02)
    # It is its own hull, but for the steps of its mesh.
    assert 0.9 < found["volume-density-hull"] < 1


def test_a_box_along_the_voxels_fills_its_bounding_box_on_a_sheared_grid():
    steps = STEPS["sheared"]
    affine = np.eye(4)
    affine[:3, :3] = steps
    grid = Grid((24, 33, 44), affine)
    mask = np.zeros(grid.shape_kji, bool)
    mask[2:22, 2:32, 2:42] = True
    found = values(mask, grid)
    k, j, i = (steps * (20, 30, 40)).T
    faces = 2 * sum(np.linalg.norm(np.cross(a, b)) for a, b in ((k, j), (j, i), (i, k)))
    # Marching cubes bevel its edges: what they cut off grows with the edges, not with the faces.
    assert found["volume-density-aabb"] == pytest.approx(1, abs=0.01)
    assert found["surface-mesh"] == pytest.approx(faces, rel=0.03)
    assert found["area-density-aabb"] == pytest.approx(found["surface-mesh"] / faces)
    assert found["volume-density-hull"] == pytest.approx(1, abs=0.005)


@given(arrays(np.bool_, (5, 6, 7)), st.data())
@settings(max_examples=15)
def test_neither_the_place_nor_the_way_a_grid_is_turned_or_cropped_changes_a_number(mask, data):
    grid = data.draw(grids(st.just(mask.shape)))
    turned = data.draw(grids(st.just(mask.shape), sheared=False)).directions
    affine = np.eye(4)
    affine[:3, :3] = turned @ grid.index_to_lps_mm[:3, :3]
    moved = Grid((9, 8, 12), affine)
    larger = np.zeros(moved.shape_kji, bool)
    larger[3:8, 1:7, 4:11] = mask
    expected, found = values(mask, grid), values(larger, moved)
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        assert found[key] == (None if value is None else pytest.approx(value, rel=1e-6, abs=1e-9)), key


def test_a_flipped_axis_of_the_array_changes_nothing():
    rng = np.random.default_rng(3)
    mask = rng.random((6, 7, 8)) > 0.4
    grid, affine = upright(mask.shape, (2.0, 0.8, 0.7)), np.eye(4)
    affine[:3, :3] = grid.index_to_lps_mm[:3, :3] * (1, -1, 1)
    expected, found = (
        values(mask, grid),
        values(np.ascontiguousarray(mask[:, ::-1]), Grid(mask.shape, affine)),
    )
    assert found == pytest.approx(expected, rel=1e-6)


def test_what_is_not_defined_is_none():
    grid = upright((4, 5, 6), (2.0, 1.0, 1.0))
    nothing = np.zeros(grid.shape_kji, bool)
    found = values(nothing, grid)
    sizes = {"volume-voxel", "volume-mesh", "surface-mesh", "surface-crofton"}
    assert {key for key, value in found.items() if value == 0} == sizes
    assert {value for key, value in found.items() if key not in sizes} == {None}
    one = nothing.copy()
    one[1, 2, 3] = True
    found = values(one, grid)
    assert found["volume-voxel"] == pytest.approx(2)
    # The mesh of one voxel joins the six middles to its neighbours.
    assert found["volume-mesh"] == pytest.approx(2 / 6)
    assert found["largest-diameter-ibsi"] == pytest.approx(2)
    assert [found["volume-density-hull"], found["area-density-hull"]] == pytest.approx([1, 1])
    assert found["major-axis"] is found["flatness"] is found["volume-density-aee"] is None


def test_a_line_and_a_slice_of_voxels_have_no_third_axis():
    grid = upright((4, 5, 6), (2.0, 1.0, 1.0))
    line = np.zeros(grid.shape_kji, bool)
    line[1, 2, :] = True
    found = values(line, grid)
    assert (found["minor-axis"], found["least-axis"], found["elongation"]) == (0, 0, 0)
    assert found["volume-density-aee"] is found["area-density-aee"] is None
    plane = np.zeros(grid.shape_kji, bool)
    plane[1] = True
    found = values(plane, grid)
    assert found["minor-axis"] > 0
    assert found["flatness"] == 0
    assert found["volume-density-aee"] is None
    assert found["area-density-aee"] > 0


def test_every_number_is_a_concept_and_its_place_in_the_table_is_fixed():
    measured = morphology(np.ones((2, 2, 2), bool), upright((2, 2, 2), (1, 1, 1)))
    assert [one.concept for one in measured] == list(dict.fromkeys(one.concept for one in measured))
    assert all(one.concept in CONCEPTS for one in measured)


def test_a_mask_of_another_grid_is_refused():
    with pytest.raises(GridMismatchError):
        morphology(np.ones((2, 2, 2), bool), upright((2, 2, 3), (1, 1, 1)))
    with pytest.raises(TypeError, match="bool"):
        mesh_volume_mm3(np.ones((2, 2, 2), np.uint8), upright((2, 2, 2), (1, 1, 1)))


@pytest.mark.parametrize("patient", ["STS_001", "STS_002", "STS_003"])
def test_a_tumour_has_one_size_on_the_grids_of_its_ct_and_its_pet(real_data, patient):
    # Pixels of 1 mm and of 5 mm, slices of 3 mm.
    found = []
    for modality in ("CT", "PET"):
        path = real_data / "sarcoma_pet_ct_mr" / "nifti" / patient / f"{modality}_mask.nii.gz"
        image = read_image(path)
        mask = image.voxels > 0
        found.append(values(mask, image.grid) | {"longest": longest(mask, image.grid).value})
    on_ct, on_pet = found
    assert on_pet["volume-voxel"] == pytest.approx(on_ct["volume-voxel"], rel=0.02)
    assert on_pet["surface-crofton"] == pytest.approx(on_ct["surface-crofton"], rel=0.02)
    assert on_pet["longest"] == pytest.approx(on_ct["longest"], abs=np.linalg.norm([5.5, 5.5, 3.3]) / 2)
    # The mesh follows the steps of the voxels, which differ.
    assert abs(on_pet["surface-mesh"] / on_ct["surface-mesh"] - 1) > 0.04


PYRADIOMICS = {
    "original_shape_MeshVolume": "volume-mesh",
    "original_shape_VoxelVolume": "volume-voxel",
    "original_shape_SurfaceArea": "surface-mesh",
    "original_shape_SurfaceVolumeRatio": "surface-to-volume",
    "original_shape_Sphericity": "sphericity",
    "original_shape_Elongation": "elongation",
    "original_shape_Flatness": "flatness",
}
"""Where it means the same. It takes the axes' lengths over N, and the diameter between voxels of the mask."""


@pytest.mark.parametrize("case", ["brain1", "brain2", "breast1", "lung1", "lung2"])
def test_another_program_finds_the_same_where_it_means_the_same(real_data, case):
    folder = real_data / "tumour_nrrd"
    label_map = read_nrrd_label_map(folder / f"{case}_label.nrrd").label_map
    with (folder / "baseline" / "baseline_shape.csv").open(newline="") as file:
        baseline = {row["featureName"]: row[case] for row in csv.DictReader(file)}
    mask = label_map.layers[0] > 0
    found = values(mask, label_map.grid)
    for theirs, ours in PYRADIOMICS.items():
        # Cubes with two possible readings are read otherwise there; they are few.
        assert found[ours] == pytest.approx(float(baseline[theirs]), rel=5e-3), ours
    count = np.count_nonzero(mask)
    for theirs, ours in (("Major", "major"), ("Minor", "minor"), ("Least", "least")):
        over_n = float(baseline[f"original_shape_{theirs}AxisLength"])
        assert found[f"{ours}-axis"] == pytest.approx(over_n * np.sqrt(count / (count - 1)), rel=1e-3)
