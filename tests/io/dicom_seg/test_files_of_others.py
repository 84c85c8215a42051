"""DICOM segmentations that other programs wrote come in whole, or are refused by name."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import highdicom
import numpy as np
import pydicom
import pytest
from highdicom.seg import Segmentation, SegmentDescription
from pydicom.sr.coding import Code as DicomCode
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless, generate_uid

from medseg.errors import (
    GeometryError,
    InputError,
    LabelMapError,
    NotOneVolumeError,
    UnreadableFileError,
    UnsupportedImageError,
)
from medseg.io.dicom.walk import DEFLATED
from medseg.io.dicom_seg import layers_in
from medseg.io.dicom_seg.read import read_dicom_seg
from medseg.io.dicom_seg.write import write_dicom_seg
from medseg.labelmap import Code
from medseg.space import Grid
from segmented_series import OBLIQUE, liver_with_tumour, on_grid, outgoing, reference_on
from solids import lump

GRID = Grid((14, 41, 33), OBLIQUE.index_to_lps_mm, "1.2.3.4")
"""No whole bytes of bits a frame, and large enough for JPEG 2000."""

TISSUE = DicomCode("85756007", "SCT", "Tissue")
KIDNEY = DicomCode("64033007", "SCT", "Kidney")


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    reference = reference_on(GRID, tmp_path_factory.mktemp("series"))
    for header in reference.slices:
        header.PatientID = header.PatientID or ""
    return reference


def segment(number, label, kind=KIDNEY, **fields):
    """A segment as another program describes it."""
    algorithm = highdicom.AlgorithmIdentificationSequence(
        "net", DicomCode("123110", "DCM", "Artificial Intelligence"), "1"
    )
    return SegmentDescription(number, label, TISSUE, kind, "AUTOMATIC", algorithm, **fields)


def written(path, reference, pixels, kind, segments, **options):
    """A segmentation as highdicom writes it by itself."""
    segmentation = Segmentation(
        list(reference.slices),
        pixels,
        kind,
        segments,
        generate_uid(),
        1,
        generate_uid(),
        1,
        "Somebody",
        "Something",
        "1",
        "0",
        **options,
    )
    segmentation.save_as(path)
    return path


def masks():
    """Three bodies, of which the first overlaps the others, which don't overlap each other."""
    whole, part = lump(GRID, 8), lump(GRID, 4)
    return whole, part, lump(GRID, 7) & ~lump(GRID, 5)


def test_overlapping_segments_take_as_few_layers_as_possible(tmp_path, reference):
    stack = np.stack(masks(), axis=-1).astype(np.uint8)
    segments = [segment(1, "Whole"), segment(2, "Core"), segment(3, "Shell")]
    incoming = read_dicom_seg(written(tmp_path / "seg.dcm", reference, stack, "BINARY", segments))
    label_map = incoming.label_map
    assert [(one.id, one.layer) for one in label_map.structures] == [("whole", 0), ("core", 1), ("shell", 1)]
    for structure, mask in zip(label_map.structures, masks(), strict=True):
        layer = on_grid(label_map, GRID)[structure.layer]
        np.testing.assert_array_equal(layer == structure.label, mask)
    assert label_map.structures[0].code == Code("SCT", "64033007", "Kidney")
    assert "3 of 3 segments were made by a program alone (AUTOMATIC)" in incoming.notes
    assert incoming.source.series_uid == reference.first.SeriesInstanceUID


def test_highdicom_reads_its_file_as_we_do(tmp_path, reference):
    stack = np.stack(masks(), axis=-1).astype(np.uint8)
    segments = [segment(1, "Whole"), segment(2, "Core"), segment(3, "Shell")]
    path = written(tmp_path / "seg.dcm", reference, stack, "BINARY", segments)
    label_map = read_dicom_seg(path).label_map
    volume = highdicom.seg.segread(path).get_volume()
    for number, structure in enumerate(label_map.structures):
        points = volume.map_indices_to_reference(np.argwhere(volume.array[..., number]))
        index = np.round(label_map.grid.to_index(points)).astype(int)
        np.testing.assert_allclose(label_map.grid.to_lps_mm(index), points, atol=1e-4)
        expected = np.zeros(label_map.grid.shape_kji, bool)
        expected[tuple(index.T)] = True
        np.testing.assert_array_equal(label_map.mask(structure.id), expected)


@pytest.mark.parametrize("top", [2, 700])
@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_compressed_label_maps(tmp_path, reference, syntax, top):
    voxels = np.array([0, 1, top], np.uint16)[liver_with_tumour(GRID).voxels]
    segments = [segment(1, "Liver"), segment(top, "Tumour")]
    path = written(tmp_path / "seg.dcm", reference, voxels, "LABELMAP", segments)
    compress(path, syntax)
    np.testing.assert_array_equal(on_grid(read_dicom_seg(path).label_map, GRID)[0], voxels)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_compressed_fractions(tmp_path, reference, syntax):
    voxels = liver_with_tumour(GRID).voxels
    segments = [segment(1, "Liver"), segment(2, "Tumour")]
    path = written(tmp_path / "seg.dcm", reference, voxels, "FRACTIONAL", segments)
    compress(path, syntax)
    np.testing.assert_array_equal(on_grid(read_dicom_seg(path).label_map, GRID)[0], voxels)


def test_compressed_bits(tmp_path, reference):
    voxels = liver_with_tumour(GRID).voxels
    segments = [segment(1, "Liver"), segment(2, "Tumour")]
    options = {"transfer_syntax_uid": JPEG2000Lossless}
    path = written(tmp_path / "seg.dcm", reference, voxels, "BINARY", segments, **options)
    np.testing.assert_array_equal(on_grid(read_dicom_seg(path).label_map, GRID)[0], voxels)


def compress(path, syntax):
    """Compress a file as other programs do."""
    dataset = pydicom.dcmread(path)
    plugin = {"encoding_plugin": "pydicom"} if syntax == RLELossless else {}
    dataset.compress(syntax, generate_instance_uid=False, **plugin)
    dataset.save_as(path)


def test_labels_with_gaps_and_16_bits(tmp_path, reference):
    table = np.array([0, 3, 700], np.uint16)
    voxels = table[liver_with_tumour(GRID).voxels]
    path = written(
        tmp_path / "seg.dcm", reference, voxels, "LABELMAP", [segment(3, "Liver"), segment(700, "Tumour")]
    )
    found = read_dicom_seg(path).label_map
    assert [one.label for one in found.structures] == [3, 700]
    np.testing.assert_array_equal(on_grid(found, GRID)[0], voxels)


def test_segment_numbers_with_gaps(tmp_path, reference):
    voxels = liver_with_tumour(GRID).voxels
    path = written(
        tmp_path / "seg.dcm", reference, voxels, "BINARY", [segment(1, "Liver"), segment(2, "Tumour")]
    )
    rewrite(path, renumber)
    found = read_dicom_seg(path).label_map
    assert [(one.name, one.label) for one in found.structures] == [("Liver", 1), ("Tumour", 9)]
    np.testing.assert_array_equal(on_grid(found, GRID)[0], np.where(voxels == 2, 9, voxels))


def renumber(dataset):
    """Call segment 2 segment 9."""
    dataset.SegmentSequence[1].SegmentNumber = 9
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        item = frame.SegmentIdentificationSequence[0]
        item.ReferencedSegmentNumber = {1: 1, 2: 9}[item.ReferencedSegmentNumber]


def test_true_fractions_are_refused_unless_it_is_said_where_to_cut(tmp_path, reference):
    fractions = np.where(lump(GRID, 4), 1.0, np.where(lump(GRID, 8), 0.4, 0.0))
    path = written(tmp_path / "seg.dcm", reference, fractions, "FRACTIONAL", [segment(1, "Liver")])
    with pytest.raises(UnsupportedImageError) as raised:
        read_dicom_seg(path)
    assert raised.value.details["reason"] == "fractional"
    for cut, radius in ((0.5, 4), (0.4, 8), (0.3, 8), (1.0, 4)):
        incoming = read_dicom_seg(path, fractional_at=cut)
        np.testing.assert_array_equal(on_grid(incoming.label_map, GRID)[0] > 0, lump(GRID, radius))
        assert any(f"{cut:g}" in note for note in incoming.notes)
    for nonsense in (0, -1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="fraction"):
            read_dicom_seg(path, fractional_at=nonsense)


def test_whole_fractions_come_in_as_binary(tmp_path, reference):
    whole = lump(GRID, 8).astype(np.float32)
    path = written(tmp_path / "seg.dcm", reference, whole, "FRACTIONAL", [segment(1, "Liver")])
    incoming = read_dicom_seg(path)
    np.testing.assert_array_equal(on_grid(incoming.label_map, GRID)[0] > 0, lump(GRID, 8))
    assert "the fractional segmentation holds whole voxels alone" in incoming.notes


def test_a_single_frame(tmp_path, reference):
    pixels = np.zeros((1, 41, 33), np.uint8)
    pixels[0, 3:9, 4:8] = 1
    one = type(reference)(reference.grid, reference.slices[5:6])
    path = written(tmp_path / "seg.dcm", one, pixels, "BINARY", [segment(1, "Liver")])
    found = read_dicom_seg(path).label_map
    assert found.grid.shape_kji == (1, 41, 33)
    np.testing.assert_allclose(found.grid.origin_lps_mm, GRID.to_lps_mm([5, 0, 0]), atol=1e-4)
    np.testing.assert_array_equal(found.layers[0], pixels)


def test_what_medseg_keeps_not_is_said(tmp_path, reference):
    modified = segment(1, "Liver", anatomic_regions=[DicomCode("24028007", "SCT", "Right")])
    voxels = lump(GRID, 8).astype(np.uint8)
    incoming = read_dicom_seg(written(tmp_path / "seg.dcm", reference, voxels, "BINARY", [modified]))
    assert "anatomic regions and modifiers were left out, of 1 of 1 segments" in incoming.notes


def test_colours_come_from_the_palette_of_a_label_map(tmp_path, reference):
    colours = np.array([[0, 0, 0], [10, 20, 30], [200, 100, 50]], np.uint8)
    luts = [
        highdicom.PaletteColorLUT(0, colours[:, channel].copy(), color)
        for channel, color in enumerate(("red", "green", "blue"))
    ]
    palette = highdicom.PaletteColorLUTTransformation(*luts, palette_color_lut_uid=generate_uid())
    voxels = liver_with_tumour(GRID).voxels
    path = written(
        tmp_path / "seg.dcm",
        reference,
        voxels,
        "LABELMAP",
        [segment(1, "Liver"), segment(2, "Tumour")],
        palette_color_lut_transformation=palette,
    )
    assert [one.color for one in read_dicom_seg(path).structures] == ["#0a141e", "#c86432"]


def rewrite(path, change):
    """Let another program change a file."""
    dataset = pydicom.dcmread(path)
    change(dataset)
    with pydicom.config.disable_value_validation():
        dataset.save_as(path)


@pytest.fixture
def ours(tmp_path, reference):
    path = tmp_path / "ours.dcm"
    write_dicom_seg(outgoing(liver_with_tumour(reference.grid)), reference, path)
    return path


def test_a_renamed_segment_of_ours_has_its_new_name(ours):
    def rename(dataset):
        dataset.SegmentSequence[0].SegmentLabel = "Whole liver"

    rewrite(ours, rename)
    liver, tumour = read_dicom_seg(ours).structures
    assert (liver.id, liver.name, tumour.part_of) == ("liver", "Whole liver", "liver")


def test_a_recoded_and_recoloured_segment_of_ours_has_its_new_code_and_colour(ours):
    def recode(dataset):
        dataset.SegmentSequence[0].SegmentedPropertyTypeCodeSequence[0].CodeValue = "64033007"
        value = highdicom.color.CIELabColor.from_rgb(1, 2, 3).value
        dataset.SegmentSequence[0].RecommendedDisplayCIELabValue = list(value)

    rewrite(ours, recode)
    liver = read_dicom_seg(ours).structures[0]
    assert liver.code.value == "64033007"
    assert liver.color == "#010203"


def test_it_comes_back_from_a_program_that_drops_value_representations(ours, reference):
    def implicit(dataset):
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian

    dataset = pydicom.dcmread(ours)
    implicit(dataset)
    dataset.save_as(ours, implicit_vr=True, little_endian=True)
    assert read_dicom_seg(ours).structures == liver_with_tumour(reference.grid).structures


def set_extras(text, dataset):
    """Write another private element into the first segment."""
    dataset.SegmentSequence[0].private_block(0x0063, "medseg")[0x01].value = text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[" * 4000,
        "{}",
        '{"id": "tumour", "label": 1, "layer": 0, "name": "Liver", "part_of": null}',
        '{"id": "liver", "label": 2, "layer": 0, "name": "Liver", "part_of": null}',
        '{"id": "liver", "label": 1, "layer": 99999999, "name": "Liver", "part_of": null}',
        '{"id": "liver", "label": 1, "layer": -1, "name": "Liver", "part_of": null}',
        '{"id": "liver", "label": 99999999, "layer": 0, "name": "Liver", "part_of": null}',
        '{"id": "../liver", "label": 1, "layer": 0, "name": "Liver", "part_of": null}',
        '{"id": "liver", "label": 1, "layer": 0, "name": "Liver", "part_of": "tumour"}',
        '{"id": "liver", "label": 1, "layer": 0, "name": "Liver", "part_of": "elsewhere"}',
    ],
)
@pytest.mark.parametrize("kind", ["binary", "labelmap"])
def test_private_elements_that_contradict_themselves_are_not_believed(tmp_path, reference, text, kind):
    path = tmp_path / "seg.dcm"
    label_map = liver_with_tumour(reference.grid)
    write_dicom_seg(outgoing(label_map), reference, path, kind=kind)
    rewrite(path, partial(set_extras_of_the_liver, text))
    found = read_dicom_seg(path).label_map
    assert [one.name for one in found.structures] == ["Liver", "Liver tumour"]
    np.testing.assert_array_equal(on_grid(found, GRID)[0], label_map.voxels)


def set_extras_of_the_liver(text, dataset):
    """Write another private element into the segment of the liver."""
    liver = next(one for one in dataset.SegmentSequence if one.SegmentLabel == "Liver")
    liver.private_block(0x0063, "medseg")[0x01].value = text


def no_segments(dataset):
    dataset.SegmentSequence = []


def one_number_twice(dataset):
    dataset.SegmentSequence[1].SegmentNumber = 1


def unknown_segment(dataset):
    dataset.PerFrameFunctionalGroupsSequence[0].SegmentIdentificationSequence[0].ReferencedSegmentNumber = 77


def no_position(dataset):
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        del frame.PlanePositionSequence


def two_frames_in_one_place(dataset):
    first, second = dataset.PerFrameFunctionalGroupsSequence[:2]
    second.PlanePositionSequence = first.PlanePositionSequence


def far_away(dataset):
    position = dataset.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0].ImagePositionPatient
    dataset.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0].ImagePositionPatient = [
        position[0],
        position[1] + 6e7,
        position[2] + 29e7,
    ]


def shifted(dataset):
    frame = dataset.PerFrameFunctionalGroupsSequence[1]
    position = frame.PlanePositionSequence[0].ImagePositionPatient
    frame.PlanePositionSequence[0].ImagePositionPatient = [position[0] + 2, *position[1:]]


def no_spacing(dataset):
    del dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence


def another_type(dataset):
    dataset.SegmentationType = "CANARY"


def too_few_pixels(dataset):
    dataset.PixelData = dataset.PixelData[:-20]


def more_frames_than_described(dataset):
    dataset.NumberOfFrames = dataset.NumberOfFrames + 1


@pytest.mark.parametrize(
    ("change", "error", "reason"),
    [
        (no_segments, UnreadableFileError, "damaged-segments"),
        (one_number_twice, UnreadableFileError, "damaged-segments"),
        (unknown_segment, UnreadableFileError, "damaged-segments"),
        (no_position, UnsupportedImageError, "no-position"),
        (no_spacing, UnsupportedImageError, "no-spacing"),
        (two_frames_in_one_place, NotOneVolumeError, "duplicate-positions"),
        (far_away, UnsupportedImageError, "too-large"),
        (shifted, NotOneVolumeError, "irregular-positions"),
        (another_type, UnsupportedImageError, "segmentation-type"),
        (too_few_pixels, UnreadableFileError, "unreadable"),
        (more_frames_than_described, UnreadableFileError, "unreadable"),
    ],
)
def test_what_can_not_be_is_refused_by_name(ours, change, error, reason):
    rewrite(ours, change)
    with pytest.raises(error) as raised:
        read_dicom_seg(ours)
    assert raised.value.details["reason"] == reason
    assert "CANARY" not in str(raised.value.as_dict())


def test_labels_that_no_segment_explains_are_refused(tmp_path, reference):
    path = tmp_path / "seg.dcm"
    write_dicom_seg(outgoing(liver_with_tumour(reference.grid)), reference, path, kind="labelmap")

    def forget(dataset):
        del dataset.SegmentSequence[-1]

    rewrite(path, forget)
    with pytest.raises(LabelMapError, match="no structure explains"):
        read_dicom_seg(path)


def test_a_file_cut_off_anywhere_is_refused(ours, tmp_path):
    content = ours.read_bytes()
    for end in range(0, len(content), 97):
        (tmp_path / "cut.dcm").write_bytes(content[:end])
        with pytest.raises(InputError):
            read_dicom_seg(tmp_path / "cut.dcm")


def test_random_damage_raises_nothing_but_our_errors(ours, tmp_path):
    rng = np.random.default_rng(0)
    content = np.frombuffer(ours.read_bytes(), np.uint8)
    for _ in range(60):
        damaged = content.copy()
        damaged[rng.integers(132, len(content), 12)] = rng.integers(0, 256, 12)
        (tmp_path / "damaged.dcm").write_bytes(damaged.tobytes())
        with suppress(InputError, LabelMapError, GeometryError):
            assert read_dicom_seg(tmp_path / "damaged.dcm").structures


def test_a_file_that_is_not_dicom(tmp_path):
    (tmp_path / "a.dcm").write_text("nothing of the kind")
    with pytest.raises(UnreadableFileError):
        read_dicom_seg(tmp_path / "a.dcm")
    with pytest.raises(UnreadableFileError):
        read_dicom_seg(tmp_path / "missing.dcm")


def test_many_segments_on_a_large_grid_are_refused_before_memory_is_taken(ours, monkeypatch):
    monkeypatch.setattr(layers_in, "MAX_LAYER_VOXELS", 7 * 41 * 33)
    rewrite(ours, lambda dataset: None)
    assert len(read_dicom_seg(ours).structures) == 2  # they don't overlap: one layer will do

    def overlap(dataset):
        pixels = np.unpackbits(np.frombuffer(dataset.PixelData, np.uint8), bitorder="little")
        dataset.PixelData = np.packbits(np.ones_like(pixels), bitorder="little").tobytes()

    rewrite(ours, overlap)
    with pytest.raises(UnsupportedImageError) as raised:
        read_dicom_seg(ours)
    assert raised.value.details["reason"] == "too-large"


def test_a_deflated_file_is_refused_unopened(ours):
    rewrite(ours, lambda dataset: setattr(dataset.file_meta, "TransferSyntaxUID", DEFLATED))
    with pytest.raises(UnsupportedImageError) as raised:
        read_dicom_seg(ours)
    assert raised.value.details["reason"] == "transfer-syntax"


def test_references_that_are_no_uids_do_not_come_in(ours):
    def spoil(dataset):
        series = dataset.ReferencedSeriesSequence[0]
        series.SeriesInstanceUID = "CANARY"
        series.ReferencedInstanceSequence[0].ReferencedSOPInstanceUID = "CANARY"

    with pydicom.config.disable_value_validation():
        rewrite(ours, spoil)
    source = read_dicom_seg(ours).source
    assert source.series_uid is None
    assert len(source.files) == 13


def test_several_source_series_are_said_and_none_is_taken(ours):
    def another(dataset):
        dataset.ReferencedSeriesSequence.append(dataset.ReferencedSeriesSequence[0])

    rewrite(ours, another)
    incoming = read_dicom_seg(ours)
    assert incoming.source.series_uid is None
    assert any("2 series" in note for note in incoming.notes)
