"""Real series and the segmentations of other programs: whole, in place, or refused by name."""

from __future__ import annotations

import highdicom
import nibabel
import numpy as np
import pydicom
import pytest

from medseg.errors import UnsupportedImageError
from medseg.io.dicom.find import find_series
from medseg.io.dicom.plan import VolumePlan, plan_series
from medseg.io.dicom.read import plan_one
from medseg.io.dicom.reference import read_reference
from medseg.io.dicom_seg.read import read_dicom_seg
from medseg.io.dicom_seg.write import write_dicom_seg
from medseg.labelmap import LabelMap, Structure
from segmented_series import distance_mm, on_grid, outgoing

SERIES = (
    "ct_liver_metastases",
    "sarcoma_pet_ct_mr/dicom",
    "ct_gantry_tilt/philips_S2010",
    "mr_enhanced/In",
    "mr_4d_nih/In/20180918GE",
)


def boxes(grid, layers):
    """Boxes in any place, three structures a layer; layers overlap."""
    rng = np.random.default_rng(5)
    voxels, structures = [], []
    for number in range(layers):
        layer = np.zeros(grid.shape_kji, np.uint8)
        for label in (1, 2, 3):
            middle = rng.integers(grid.shape_kji)
            reach = np.maximum(np.array(grid.shape_kji) // 6, 1)
            corner = np.maximum(middle - reach, 0)
            layer[tuple(map(slice, corner, middle + reach))] = label
            structures.append(Structure(f"s{number}-{label}", f"S {number} {label}", label, layer=number))
        voxels.append(layer)
    return LabelMap(grid, tuple(voxels), tuple(structures))


@pytest.mark.parametrize("folder", SERIES)
def test_label_maps_on_real_series_come_back(real_data, tmp_path, folder):
    plans = [
        plan
        for series in find_series([real_data / folder]).images
        for plan in plan_series(series)
        if isinstance(plan, VolumePlan)
    ]
    assert plans
    for plan in plans:
        reference = read_reference(plan, len(plan.volumes) - 1)
        for layers, kind in ((2, "binary"), (1, "labelmap")):
            label_map = boxes(reference.grid, layers)
            write_dicom_seg(outgoing(label_map), reference, tmp_path / "seg.dcm", kind=kind, overwrite=True)
            found = read_dicom_seg(tmp_path / "seg.dcm").label_map
            assert found.structures == label_map.structures
            for layer, expected in zip(on_grid(found, reference.grid), label_map.layers, strict=True):
                np.testing.assert_array_equal(layer, expected)
            assert distance_mm(found, reference.grid) < 1e-4


def test_real_tumours_come_back_from_highdicom_voxel_for_voxel(real_data, tmp_path):
    """The reference masks of the sarcoma set, on their CT, MR and PET, read by another program."""
    folder = real_data / "sarcoma_pet_ct_mr"
    masks = sorted((folder / "nifti").rglob("*_mask.nii.gz"))
    assert len(masks) == 9
    for path in masks:
        patient, modality = path.parent.name, path.name.removesuffix("_mask.nii.gz")
        reference = read_reference(plan_one(folder / "dicom" / patient / modality / "image"))
        tumour = on_slices_of(reference.grid, nibabel.load(path))
        label_map = LabelMap(reference.grid, (tumour,), (Structure("t", "Tumour", 1),))
        write_dicom_seg(outgoing(label_map), reference, tmp_path / "seg.dcm", overwrite=True)
        volume = highdicom.seg.segread(tmp_path / "seg.dcm").get_volume(combine_segments=True)
        points = volume.map_indices_to_reference(np.argwhere(volume.array))
        index = np.round(reference.grid.to_index(points)).astype(int)
        assert np.abs(reference.grid.to_lps_mm(index) - points).max() < 1e-4
        found = np.zeros_like(tumour)
        found[tuple(index.T)] = 1
        np.testing.assert_array_equal(found, tumour)
        assert found.any()


def on_slices_of(grid, image):
    """A mask of NIfTI as a layer of a grid that has the same voxels in another order."""
    ijk = np.argwhere(np.asarray(image.dataobj) > 0.5)
    points_lps_mm = nibabel.affines.apply_affine(image.affine, ijk) * (-1, -1, 1)
    index = np.round(grid.to_index(points_lps_mm)).astype(int)
    layer = np.zeros(grid.shape_kji, np.uint8)
    layer[tuple(index.T)] = 1
    assert layer.sum() == len(ijk)
    return layer


OF_HIGHDICOM = {
    "seg_image_ct_binary.dcm": (1, 1),
    "seg_image_ct_binary_fractional.dcm": (1, 1),
    "seg_image_ct_binary_overlap.dcm": (2, 2),
    "seg_image_ct_binary_single_frame.dcm": (1, 1),
}
"""Structures and layers of the segmentations that come in."""


@pytest.mark.parametrize(("name", "expected"), OF_HIGHDICOM.items())
def test_segmentations_of_highdicom_come_in(real_data, name, expected):
    path = real_data / "dicom_seg" / name
    incoming = read_dicom_seg(path)
    label_map = incoming.label_map
    assert (len(label_map.structures), len(label_map.layers)) == expected
    dataset = pydicom.dcmread(path)
    frames = dataset.pixel_array.reshape(-1, dataset.Rows, dataset.Columns)
    rest = {one.id: label_map.mask(one.id).copy() for one in label_map.structures}
    for frame, groups in zip(frames, dataset.PerFrameFunctionalGroupsSequence, strict=True):
        number = groups.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        position = groups.PlanePositionSequence[0].ImagePositionPatient
        index = label_map.grid.to_index(position)
        np.testing.assert_allclose(label_map.grid.to_lps_mm(np.round(index)), position, atol=1e-4)
        mask = rest[label_map.structures[number - 1].id]
        np.testing.assert_array_equal(mask[round(index[0])], frame > 0)
        mask[round(index[0])] = False
    assert not any(mask.any() for mask in rest.values())
    sources = {file.uid for file in incoming.source.files}
    assert len(sources) in (1, 4)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("seg_image_ct_true_fractional.dcm", "fractional"),
        ("sr_document.dcm", "not-a-segmentation"),
        ("sr_document_with_multiple_groups.dcm", "not-a-segmentation"),
        ("ct_image.dcm", "not-a-segmentation"),
    ],
)
def test_what_is_no_binary_segmentation_is_refused_by_name(real_data, name, reason):
    with pytest.raises(UnsupportedImageError) as raised:
        read_dicom_seg(real_data / "dicom_seg" / name)
    assert raised.value.details["reason"] == reason


def test_every_file_of_the_folder_was_looked_at(real_data):
    refused = {"seg_image_ct_true_fractional", "sr_document", "sr_document_with_multiple_groups", "ct_image"}
    files = {path.stem for path in (real_data / "dicom_seg").glob("*.dcm")}
    assert files == refused | {name.removesuffix(".dcm") for name in OF_HIGHDICOM}


def test_true_fractions_come_in_where_they_are_to_be_cut(real_data):
    path = real_data / "dicom_seg" / "seg_image_ct_true_fractional.dcm"
    stored = pydicom.dcmread(path).pixel_array
    found = read_dicom_seg(path, fractional_at=0.5).label_map
    assert found.layers[0].sum() == (stored >= 127.5).sum() > 0
