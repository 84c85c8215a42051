"""Real label maps through NRRD and back, as we and ITK read them; and tumours that came as NRRD."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import SimpleITK

from medseg.io.dicom import read_series
from medseg.io.nifti.label_map import read_label_map
from medseg.io.nrrd.label_map import read_nrrd_label_map, write_nrrd_label_map
from medseg.io.nrrd.slicer_segmentation import read_slicer_segmentation, write_slicer_segmentation
from medseg.labelmap import LabelMap, Structure
from medseg.labelmap.surface import surface_of
from medseg.space import Grid

TUMOURS = ("brain1", "brain2", "breast1", "lung1", "lung2")


def require_as_itk_reads(path, label_map):
    """Voxels identical and every corner within a tenth of a micrometre."""
    image = SimpleITK.ReadImage(str(path))
    read = SimpleITK.GetArrayFromImage(image).reshape(*label_map.grid.shape_kji, -1)
    for number, layer in enumerate(label_map.layers):
        assert np.array_equal(read[..., number], layer)
    last = np.array(label_map.grid.shape_kji) - 1
    corners = [
        image.TransformIndexToPhysicalPoint([int(n) for n in (corner * last)[::-1]])
        for corner in np.ndindex(2, 2, 2)
    ]
    assert np.abs(np.array(corners) - label_map.grid.corners_lps_mm()).max() < 1e-4


def require_round_trip(label_map, folder):
    write_slicer_segmentation(label_map, folder / "a.seg.nrrd")
    back = read_slicer_segmentation(folder / "a.seg.nrrd")
    assert back.structures == label_map.structures
    assert np.array_equal(back.grid.index_to_lps_mm, label_map.grid.index_to_lps_mm)
    for found, layer in zip(back.label_map.layers, label_map.layers, strict=True):
        assert np.array_equal(found, layer)
    require_as_itk_reads(folder / "a.seg.nrrd", label_map)


@pytest.mark.parametrize("modality", ["CT", "MR_T1", "PET"])
@pytest.mark.parametrize("patient", ["STS_001", "STS_002", "STS_003"])
def test_the_sarcoma_masks(real_data, tmp_path, patient, modality):
    label_map = read_label_map(real_data / f"sarcoma_pet_ct_mr/nifti/{patient}/{modality}_mask.nii.gz")
    require_round_trip(label_map, tmp_path)
    write_nrrd_label_map(label_map, tmp_path / "a.nrrd")
    require_as_itk_reads(tmp_path / "a.nrrd", label_map)


def test_a_brain_of_many_structures(real_data, tmp_path):
    label_map = read_label_map(real_data / "interpolation/brain_labels/01.nii.gz")
    assert len(label_map.structures) > 40
    require_round_trip(label_map, tmp_path)


@pytest.mark.parametrize(
    "series", ["ct_liver_metastases", "ct_gantry_tilt/philips_S2010", "vendor_mr/ge/anatomical/001"]
)
def test_overlapping_structures_on_straight_leaning_and_oblique_grids(real_data, tmp_path, series):
    volume = read_series(real_data / series)
    bright = volume.voxels > np.median(volume.voxels)
    layers = (bright.astype(np.uint8), 300 * np.roll(bright, 5, axis=2).astype(np.uint16))
    structures = (Structure("a", "A", 1), Structure("b", "B", 300, layer=1))
    grid = Grid(volume.grid.shape_kji, volume.grid.index_to_lps_mm)
    require_round_trip(LabelMap(grid, layers, structures), tmp_path)


@pytest.mark.parametrize("name", [*TUMOURS, "prostate"])
def test_tumours_in_nrrd_lie_on_their_images(real_data, name):
    path = real_data / f"tumour_nrrd/{name}_label.nrrd"
    incoming = read_nrrd_label_map(path)
    assert incoming.notes == ()
    require_as_itk_reads(path, incoming.label_map)
    image = real_data / f"tumour_nrrd/{name}_image.nrrd"
    if image.exists():
        reader = SimpleITK.ImageFileReader()
        reader.SetFileName(str(image))
        reader.ReadImageInformation()
        assert reader.GetSize() == incoming.grid.shape_kji[::-1]
        assert np.allclose(reader.GetOrigin(), incoming.grid.origin_lps_mm, atol=1e-4)


@pytest.mark.parametrize("name", TUMOURS)
def test_volumes_and_bare_surfaces_agree_with_pyradiomics(real_data, name):
    with (real_data / "tumour_nrrd/baseline/baseline_shape.csv").open(newline="") as file:
        baseline = {row["featureName"]: row[name] for row in csv.DictReader(file)}
    label_map = read_nrrd_label_map(real_data / f"tumour_nrrd/{name}_label.nrrd").label_map
    bare = surface_of(label_map, "label-1", smoothing_iterations=0)
    assert np.count_nonzero(label_map.voxels) == int(baseline["diagnostics_Mask-original_VoxelNum"])
    assert bare.voxels_mm3 == pytest.approx(float(baseline["original_shape_VoxelVolume"]), rel=1e-9)
    # The same marching cubes but for cubes of two possible readings.
    assert bare.volume_mm3 == pytest.approx(float(baseline["original_shape_MeshVolume"]), rel=1e-3)
    a, b, c = (bare.vertices_lps_mm[bare.triangles[:, n]] for n in range(3))
    area_mm2 = np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2
    assert area_mm2 == pytest.approx(float(baseline["original_shape_SurfaceArea"]), rel=5e-3)
    smooth = surface_of(label_map, "label-1")
    assert smooth.volume_mm3 == pytest.approx(smooth.voxels_mm3, rel=1e-6)
