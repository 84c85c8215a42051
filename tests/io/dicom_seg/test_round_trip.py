"""Label maps come back from DICOM SEG voxel for voxel, with their structures, where they were."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medseg.io.dicom_seg.read import read_dicom_seg
from medseg.io.dicom_seg.write import write_dicom_seg
from medseg.labelmap import Code, LabelMap, Structure, put_on_grid
from medseg.space import Grid
from segmented_series import (
    OBLIQUE,
    bare_reference,
    distance_mm,
    liver_with_tumour,
    on_grid,
    outgoing,
    overlapping,
    reference_on,
)
from strategies import grids

GEOMETRY_MM = 1e-4


def written_and_read(label_map, path, reference=None, **options):
    """A label map through a file."""
    write_dicom_seg(outgoing(label_map), reference or bare_reference(label_map.grid), path, **options)
    return read_dicom_seg(path)


def assert_same(found, label_map):
    """Refuse a label map that is not the one that went out."""
    assert found.structures == label_map.structures
    for layer, expected in zip(on_grid(found, label_map.grid), label_map.layers, strict=True):
        np.testing.assert_array_equal(layer, expected)
    assert distance_mm(found, label_map.grid) < GEOMETRY_MM


@pytest.mark.parametrize("kind", ["binary", "labelmap"])
def test_one_layer_on_a_real_series(tmp_path, kind):
    reference = reference_on(OBLIQUE, tmp_path / "series")
    label_map = liver_with_tumour(reference.grid)
    incoming = written_and_read(label_map, tmp_path / "seg.dcm", reference, kind=kind)
    assert_same(incoming.label_map, label_map)
    assert incoming.format == "DICOM SEG"
    assert incoming.author == "Ada Reader"
    assert incoming.notes == ()
    assert incoming.frame_of_reference_uid == OBLIQUE.frame_of_reference_uid
    assert incoming.source.series_uid == reference.first.SeriesInstanceUID
    assert incoming.source.study_uid == reference.first.StudyInstanceUID
    assert [file.uid for file in incoming.source.files] == [one.SOPInstanceUID for one in reference.slices]


def test_overlapping_layers(tmp_path):
    label_map = overlapping(OBLIQUE)
    assert (label_map.mask("ptv") & label_map.mask("tumour")).any()
    assert_same(written_and_read(label_map, tmp_path / "seg.dcm").label_map, label_map)


@pytest.mark.parametrize(("top", "dtype"), [(255, np.uint8), (256, np.uint16), (65535, np.uint16)])
def test_label_maps_of_8_and_16_bits(tmp_path, top, dtype):
    layer = np.zeros((4, 5, 6), dtype)
    layer[1, 1:3], layer[2, 2:4], layer[3, 0, 0] = 7, top, 40
    label_map = LabelMap(
        OBLIQUE_SMALL,
        (layer,),
        (Structure("c", "C", 40), Structure("a", "A", 7), Structure("b", "B", top)),
    )
    incoming = written_and_read(label_map, tmp_path / "seg.dcm", kind="labelmap")
    found = incoming.label_map
    assert found.layers[0].dtype == dtype
    np.testing.assert_array_equal(on_grid(found, OBLIQUE_SMALL)[0], layer)
    assert set(found.structures) == set(label_map.structures)  # a label map sorts its segments


def test_everything_about_a_structure_comes_back(tmp_path):
    structures = (
        Structure("left_kidney-1", "Niere links é 肾 ", 9, color="#010203", part_of="body"),
        Structure("body", "x" * 90, 300, code=Code("SCT", "123037004", "Body structure")),
        Structure("b", r"back\slash", 4, code=Code("99MEDSEG", "T-1", "Thing"), layer=1),
    )
    layers = np.zeros((4, 5, 6), np.uint16), np.zeros((4, 5, 6), np.uint8)
    layers[0][1, 1], layers[0][2, 2], layers[1][1:3, 2] = 9, 300, 4
    label_map = LabelMap(OBLIQUE_SMALL, layers, structures)
    assert written_and_read(label_map, tmp_path / "seg.dcm").structures == structures


@pytest.mark.parametrize("colour", ["#000000", "#ffffff", "#ff0000", "#0a5f37", "#bcf60c", "#7f8081"])
def test_colours_survive_cielab(tmp_path, colour):
    layer = np.zeros((4, 5, 6), np.uint8)
    layer[1, 1] = 1
    label_map = LabelMap(OBLIQUE_SMALL, (layer,), (Structure("a", "A", 1, color=colour),))
    assert written_and_read(label_map, tmp_path / "seg.dcm").structures[0].color == colour


def test_an_empty_structure_is_named_and_comes_back_empty(tmp_path):
    layer = np.zeros((4, 5, 6), np.uint8)
    layer[1, 1] = 1
    label_map = LabelMap(OBLIQUE_SMALL, (layer,), (Structure("a", "A", 1), Structure("b", "B", 2)))
    reference = bare_reference(OBLIQUE_SMALL)
    notes = write_dicom_seg(outgoing(label_map), reference, tmp_path / "seg.dcm")
    assert "B has no voxels: its segment is named but empty" in notes
    found = read_dicom_seg(tmp_path / "seg.dcm").label_map
    assert found.mask("a").sum() == 6
    assert not found.mask("b").any()


@pytest.mark.parametrize("kind", ["binary", "labelmap"])
def test_a_label_map_without_any_voxel(tmp_path, kind):
    label_map = LabelMap(OBLIQUE_SMALL, (np.zeros((4, 5, 6), np.uint8),), (Structure("a", "A", 1),))
    found = written_and_read(label_map, tmp_path / "seg.dcm", kind=kind).label_map
    assert found.structures == label_map.structures
    assert not found.layers[0].any()


def test_empty_slices_between_frames_are_filled_in(tmp_path):
    layer = np.zeros((4, 5, 6), np.uint8)
    layer[0, 1], layer[3, 2] = 1, 1
    label_map = LabelMap(OBLIQUE_SMALL, (layer,), (Structure("a", "A", 1),))
    incoming = written_and_read(label_map, tmp_path / "seg.dcm")
    assert_same(incoming.label_map, label_map)
    assert incoming.notes == ("slices between the frames are empty: 2 of 4",)


@pytest.mark.parametrize("k", [0, 2, 3])
def test_one_slice_of_a_tilted_series_is_put_back_among_the_others(tmp_path, k):
    affine = OBLIQUE_SMALL.index_to_lps_mm.copy()
    affine[:3, 0] += 1.3 * affine[:3, 1]
    tilted = Grid(OBLIQUE_SMALL.shape_kji, affine, "1.2.3.4")
    layer = np.zeros(tilted.shape_kji, np.uint8)
    layer[k, 1:3, 2:4] = 1
    label_map = LabelMap(tilted, (layer,), (Structure("a", "A", 1),))
    incoming = written_and_read(label_map, tmp_path / "seg.dcm")
    put = put_on_grid(incoming.label_map, tilted)
    assert not put.resampled
    np.testing.assert_array_equal(put.label_map.layers[0], layer)


@st.composite
def series_grids(draw):
    """Grids as series have them: rows and columns at a right angle, slices along the normal, or leaning."""
    shape = st.tuples(st.integers(1, 5), st.integers(3, 9), st.integers(3, 9))
    grid = draw(grids(shape, sheared=False))
    step_k, step_j, step_i = grid.index_to_lps_mm[:3, :3].T
    normal = np.cross(step_i, step_j)
    lean = draw(st.tuples(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5)))
    height = np.linalg.norm(step_k)
    upright = normal / np.linalg.norm(normal) * height
    leaning = upright + lean[0] * height * step_i / np.linalg.norm(step_i)
    leaning = leaning + lean[1] * height * step_j / np.linalg.norm(step_j)
    return Grid.from_axes(
        grid.shape_kji,
        origin_lps_mm=grid.origin_lps_mm,
        step_k_mm=leaning if draw(st.booleans()) else upright,
        step_j_mm=step_j,
        step_i_mm=step_i,
    )


@given(grid=series_grids(), seed=st.integers(0, 2**32 - 1), layers=st.integers(1, 3))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_label_map_on_any_series_comes_back(tmp_path, grid, seed, layers):
    rng = np.random.default_rng(seed)
    voxels = tuple(
        (rng.integers(0, 4, grid.shape_kji) * (rng.random(grid.shape_kji[0]) < 0.6)[:, None, None]).astype(
            np.uint8
        )
        for _ in range(layers)
    )
    structures = tuple(
        Structure(f"s-{number}-{label}", f"Structure {number}/{label}", label, layer=number)
        for number in range(layers)
        for label in (1, 2, 3)
    )
    label_map = LabelMap(grid, voxels, structures)
    found = written_and_read(label_map, tmp_path / "seg.dcm", overwrite=True).label_map
    assert_same(found, label_map)


OBLIQUE_SMALL = Grid((4, 5, 6), OBLIQUE.index_to_lps_mm, "1.2.3.4")
