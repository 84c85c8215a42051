"""What medseg writes, read by programs that did not write it."""

from __future__ import annotations

import subprocess

import highdicom
import numpy as np
import pydicom
import pytest
import SimpleITK

from medseg.io.dicom_seg.write import write_dicom_seg
from medseg.labelmap import LabelMap, Structure
from medseg.space import Grid
from programs import installed
from segmented_series import OBLIQUE, bare_reference, liver_with_tumour, outgoing, overlapping, reference_on


@pytest.fixture
def reference(tmp_path):
    return reference_on(OBLIQUE, tmp_path / "series")


def assembled(path, grid, number):
    """A segment put together with pydicom alone: each frame by its own position."""
    dataset = pydicom.dcmread(path)
    pixels = dataset.pixel_array.reshape(-1, dataset.Rows, dataset.Columns)
    mask = np.zeros(grid.shape_kji, bool)
    for frame, groups in zip(pixels, dataset.PerFrameFunctionalGroupsSequence, strict=True):
        index = grid.to_index(groups.PlanePositionSequence[0].ImagePositionPatient)
        np.testing.assert_allclose(index, [round(index[0]), 0, 0], atol=1e-6)
        if dataset.SegmentationType == "LABELMAP":
            mask[round(index[0])] |= frame == number
        elif groups.SegmentIdentificationSequence[0].ReferencedSegmentNumber == number:
            mask[round(index[0])] |= frame == 1
    return mask


@pytest.mark.parametrize("kind", ["binary", "labelmap"])
def test_pydicom(tmp_path, reference, kind):
    label_map = liver_with_tumour(reference.grid) if kind == "labelmap" else overlapping(reference.grid)
    write_dicom_seg(outgoing(label_map), reference, tmp_path / "seg.dcm", kind=kind)
    for number, structure in enumerate(label_map.structures, start=1):
        found = assembled(tmp_path / "seg.dcm", reference.grid, number)
        np.testing.assert_array_equal(found, label_map.mask(structure.id))
        assert found.any()


def test_highdicom_by_source_image(tmp_path, reference):
    label_map = overlapping(reference.grid)
    write_dicom_seg(outgoing(label_map), reference, tmp_path / "seg.dcm")
    segmentation = highdicom.seg.segread(tmp_path / "seg.dcm")
    found = segmentation.get_pixels_by_source_instance(
        [one.SOPInstanceUID for one in reference.slices], assert_missing_frames_are_empty=True
    )
    for number, structure in enumerate(label_map.structures):
        np.testing.assert_array_equal(found[..., number], label_map.mask(structure.id))


@pytest.mark.parametrize("kind", ["binary", "labelmap"])
def test_highdicom_as_a_volume(tmp_path, reference, kind):
    label_map = liver_with_tumour(reference.grid)
    write_dicom_seg(outgoing(label_map), reference, tmp_path / "seg.dcm", kind=kind)
    volume = highdicom.seg.segread(tmp_path / "seg.dcm").get_volume(combine_segments=True)
    index = reference.grid.to_index(volume.map_indices_to_reference(np.argwhere(volume.array)))
    np.testing.assert_allclose(index, np.round(index), atol=1e-5)
    labels = label_map.voxels[tuple(np.round(index).astype(int).T)]
    np.testing.assert_array_equal(labels, volume.array[volume.array > 0])
    assert len(index) == np.count_nonzero(label_map.voxels)


def test_simpleitk_reads_the_frames(tmp_path):
    """It knows neither segments nor spacing nor label maps, and frames of bits only if they fill bytes."""
    reference = bare_reference(Grid((14, 27, 24), OBLIQUE.index_to_lps_mm))
    label_map = liver_with_tumour(reference.grid)
    tumour = LabelMap(reference.grid, (label_map.mask("tumour").astype(np.uint8),), (Structure("t", "T", 1),))
    write_dicom_seg(outgoing(tumour), reference, tmp_path / "seg.dcm")
    found = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(tmp_path / "seg.dcm")))
    np.testing.assert_array_equal(found > 0, tumour.voxels[tumour.voxels.any(axis=(1, 2))] > 0)


@pytest.mark.parametrize("kind", ["binary", "labelmap"])
def test_dcmqi(tmp_path, reference, kind):
    program = installed("segimage2itkimage")
    if program is None:
        pytest.skip("dcmqi is not installed: no segimage2itkimage here")
    label_map = liver_with_tumour(reference.grid) if kind == "labelmap" else overlapping(reference.grid)
    write_dicom_seg(outgoing(label_map), reference, tmp_path / "seg.dcm", kind=kind)
    out = tmp_path / "itk"
    out.mkdir()
    subprocess.run(
        [program, "--inputDICOM", tmp_path / "seg.dcm", "--outputDirectory", out, "--outputType", "nrrd"],
        check=True,
        capture_output=True,
    )
    images = [SimpleITK.ReadImage(str(path)) for path in sorted(out.glob("*.nrrd"))]
    assert images
    for number, structure in enumerate(label_map.structures, start=1):
        found = np.zeros(reference.grid.shape_kji, bool)
        for image in images:
            for kji in np.argwhere(SimpleITK.GetArrayFromImage(image) == number):
                point = image.TransformIndexToPhysicalPoint([int(n) for n in kji[::-1]])
                index = reference.grid.to_index(point)
                assert np.abs(reference.grid.to_lps_mm(np.round(index)) - point).max() < 1e-4
                found[tuple(np.round(index).astype(int))] = True
        np.testing.assert_array_equal(found, label_map.mask(structure.id))
