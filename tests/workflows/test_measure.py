"""Measuring files: parts count into their wholes, images on other grids, tables that read back."""

from __future__ import annotations

import csv

import nibabel
import numpy as np
import pytest
from highdicom.sr import srread

import medseg
from drawn_cases import write_drawn_case, write_overlapping_case
from medseg.errors import GridMismatchError, InputError, LabelMapError, OutputExistsError
from medseg.labelmap import LabelMap, Structure
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume
from medseg.workflows.measure import (
    Family,
    MeasureOptions,
    Order,
    measure,
    measure_structure,
    save_csv,
    save_report,
    unit_of,
)
from solids import lump, upright

GRID = upright((12, 26, 26), (3.0, 1.5, 1.5))
LIVER = Structure("liver", "Liver", 1)
TUMOUR = Structure("tumour", "Tumour", 2, part_of="liver")
EMPTY = Structure("empty", "Empty", 3)


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    return write_drawn_case(tmp_path_factory.mktemp("case"))


@pytest.fixture(scope="module")
def label_map():
    layer = np.where(lump(GRID, 6), 2, np.where(lump(GRID, 15), 1, 0)).astype(np.uint8)
    return LabelMap(GRID, (layer,), (LIVER, TUMOUR, EMPTY))


def ct_on(grid, value=60.0):
    return Volume(grid, np.full(grid.shape_kji, value, np.float32), Quantity.HU, Source("phantom"))


def by_id(measurements):
    return {one.structure.id: one for one in measurements}


def test_medseg_measure_is_this(case):
    found = by_id(medseg.measure(case.files.nifti, case.dicom))
    assert found["liver"].value("volume-voxel") == pytest.approx(
        np.count_nonzero(case.label_map.voxels) * case.label_map.grid.voxel_volume_mm3, rel=1e-5
    )
    assert found["liver"].value("intensity-max") == 60
    assert unit_of(found["liver"].get("intensity-mean")) == "HU"


def test_a_liver_takes_its_tumour_in(label_map):
    found = by_id(measure(label_map))
    alone = np.count_nonzero(label_map.mask("liver")) * GRID.voxel_volume_mm3
    tumour = found["tumour"].value("volume-voxel")
    assert found["liver"].value("volume-voxel") == pytest.approx(alone + tumour)
    assert tumour > 0


def test_one_structure_alone_is_measured_the_same(label_map):
    image = ct_on(GRID)
    assert measure_structure(label_map, "tumour", image) == by_id(measure(label_map, image))["tumour"]


def test_a_structure_without_voxels_has_no_size_and_no_form(label_map):
    empty = by_id(measure(label_map, ct_on(GRID)))["empty"]
    assert empty.value("volume-voxel") == 0
    for key in ("sphericity", "longest-in-plane", "intensity-mean"):
        assert empty.get(key) is not None, key
        assert empty.value(key) is None, key


def test_without_an_image_there_is_no_intensity_and_without_suv_no_uptake(label_map):
    assert by_id(measure(label_map))["tumour"].get("intensity-mean") is None
    assert by_id(measure(label_map, ct_on(GRID)))["tumour"].get("suv-max") is None
    pet = Volume(GRID, np.full(GRID.shape_kji, 3.0, np.float32), Quantity.SUVBW, Source("phantom"))
    assert by_id(measure(label_map, pet))["tumour"].value("suv-peak") == pytest.approx(3)


def test_only_the_families_that_are_asked_for(label_map):
    options = MeasureOptions(frozenset({Family.DIAMETERS}))
    concepts = [one.concept for one in by_id(measure(label_map, ct_on(GRID), options))["tumour"].measured]
    assert concepts == ["longest-in-plane", "perpendicular-in-plane", "longest-3d"]


def test_the_line_names_its_slice_in_the_label_map(label_map):
    longest = by_id(measure(label_map))["tumour"].get("longest-in-plane")
    line = longest.line
    for end in (line.start_lps_mm, line.end_lps_mm):
        assert GRID.to_index(end)[0] == pytest.approx(line.slice_index, abs=0.5 + 1e-6)
    assert label_map.mask("tumour")[line.slice_index].any()


def test_progress_is_told_for_each_structure(label_map):
    told = []
    measure(label_map, progress=lambda task, done, total: told.append((task, done, total)))
    assert told == [("Liver", 0, 3), ("Tumour", 1, 3), ("Empty", 2, 3)]


# An image on another grid


def test_an_image_on_another_grid_is_refused_by_name(label_map):
    with pytest.raises(GridMismatchError) as refused:
        measure(label_map, ct_on(upright((6, 26, 26), (6.0, 1.5, 1.5))))
    assert refused.value.details["reason"] == "other-grid"


def other_grid(frame="1.2.3"):
    """Coarser in the plane, finer across it, and shifted."""
    return Grid.from_axes(
        (20, 15, 15),
        origin_lps_mm=(-3, -3, -6),
        step_k_mm=(0, 0, 2.5),
        step_j_mm=(0, 3.1, 0),
        step_i_mm=(3.1, 0, 0),
        frame_of_reference_uid=frame,
    )


def test_resampled_linearly_a_slope_keeps_its_values(label_map):
    grid = other_grid()
    x = grid.to_lps_mm(np.stack(np.indices(grid.shape_kji), axis=-1))[..., 0]
    slope = Volume(grid, (10 * x).astype(np.float32), Quantity.HU, Source("phantom"))
    found = by_id(measure(label_map, slope, resample=Order.LINEAR))["tumour"]
    inside = GRID.to_lps_mm(np.argwhere(label_map.mask("tumour")))[:, 0]
    assert found.value("intensity-mean") == pytest.approx(10 * inside.mean(), rel=1e-3)
    assert found.value("intensity-max") == pytest.approx(10 * inside.max(), rel=1e-3)


def test_the_nearest_values_are_as_they_were_measured(label_map):
    grid = other_grid()
    suv = np.ones(grid.shape_kji, np.float32)
    at = tuple(np.round(grid.to_index(GRID.to_lps_mm([5, 12.5, 12.5]))).astype(int))
    suv[at] = 9.0
    pet = Volume(grid, suv, Quantity.SUVBW, Source("phantom"))
    nearest = by_id(measure(label_map, pet, resample=Order.NEAREST))["tumour"]
    linear = by_id(measure(label_map, pet, resample=Order.LINEAR))["tumour"]
    assert nearest.value("suv-max") == 9
    assert linear.value("suv-max") < 9


def test_beyond_the_image_there_is_no_value(label_map):
    half = Grid((12, 26, 13), GRID.index_to_lps_mm)
    found = by_id(measure(label_map, ct_on(half), resample=Order.LINEAR))["tumour"]
    outside = np.count_nonzero(label_map.mask("tumour")[..., 13:])
    assert found.value("intensity-min") == 60
    assert dict(found.get("intensity-min").parameters)["voxels_without_value"] == outside


def test_an_image_of_another_frame_of_reference_is_refused(label_map):
    framed = LabelMap(
        Grid(GRID.shape_kji, GRID.index_to_lps_mm, "1.2.9"), label_map.layers, label_map.structures
    )
    with pytest.raises(GridMismatchError) as refused:
        measure(framed, ct_on(other_grid()), resample=Order.LINEAR)
    assert refused.value.details["reason"] == "other-frame-of-reference"


def test_what_a_nifti_holds_is_named_and_nothing_else_is_renamed(label_map):
    plain = Volume(GRID, ct_on(GRID).voxels, Quantity.ARBITRARY, Source("NIfTI"))
    assert by_id(measure(label_map, plain, quantity=Quantity.SUVBW))["tumour"].value("suv-max") == 60
    with pytest.raises(InputError, match="says that they are HU") as refused:
        measure(label_map, ct_on(GRID), quantity=Quantity.SUVBW)
    assert refused.value.details["reason"] == "other-quantity"


# Distances


def test_a_pair_is_measured_from_the_part_on(label_map):
    options = MeasureOptions(frozenset({Family.SEPARATION}), pairs=(("liver", "tumour"),))
    found = by_id(measure(label_map, None, options))
    assert found["liver"].measured == ()
    assert found["tumour"].value("margin") == pytest.approx(15 - 6, abs=np.linalg.norm([3, 1.5, 1.5]))


@pytest.mark.parametrize(("pair", "reason"), [(("liver", "liver"), "same-structure"), (("a", "b"), None)])
def test_a_pair_needs_two_structures(label_map, pair, reason):
    with pytest.raises(LabelMapError) as refused:
        measure(label_map, None, MeasureOptions(pairs=(pair,)))
    assert refused.value.details.get("reason") == reason


# Files


def test_the_table_reads_back_bit_for_bit(label_map, tmp_path):
    measurements = measure(label_map, ct_on(GRID))
    path = tmp_path / "numbers.csv"
    save_csv(measurements, path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    numbers = [(one.structure.id, each.concept, each.value) for one in measurements for each in one.measured]
    read = [(row["structure"], row["concept"], float(row["value"]) if row["value"] else None) for row in rows]
    assert read == numbers
    longest = next(row for row in rows if row["concept"] == "longest-in-plane")
    assert (longest["unit"], longest["slice_axis"]) == ("mm", "0")
    assert len(longest["line_start_lps_mm"].split()) == 3
    with pytest.raises(OutputExistsError):
        save_csv(measurements, path)


def test_a_name_is_no_formula_of_a_spreadsheet(label_map, tmp_path):
    evil = Structure("tumour", '=HYPERLINK("x")', 2, part_of="liver")
    renamed = LabelMap(GRID, label_map.layers, (LIVER, evil, EMPTY))
    save_csv(measure(renamed), tmp_path / "numbers.csv")
    with (tmp_path / "numbers.csv").open(encoding="utf-8-sig", newline="") as file:
        names = {row["name"] for row in csv.DictReader(file) if row["structure"] == "tumour"}
    assert names == {'\'=HYPERLINK("x")'}


def test_the_report_is_of_the_series_that_was_drawn_on(case, tmp_path):
    measurements = measure(case.files.nifti, case.dicom)
    notes = save_report(measurements, tmp_path / "sr.dcm", case.files.nifti, series=case.dicom)
    groups = srread(tmp_path / "sr.dcm").content.get_image_measurement_groups()
    liver = {one.name.value: one.value for one in groups[0].get_measurements()}
    assert liver["YEKZ"] == pytest.approx(by_id(measurements)["liver"].value("volume-voxel"))
    assert "names the patient" in notes[0]
    with pytest.raises(InputError, match="needs the series"):
        save_report(measurements, tmp_path / "b.dcm", case.files.nifti, series=case.files.nifti)


def test_structures_in_several_layers_are_measured_each_in_its_own(tmp_path):
    overlapping = write_overlapping_case(tmp_path)
    found = by_id(measure(overlapping.files.nifti))
    for structure in overlapping.label_map.structures:
        voxels = np.count_nonzero(overlapping.label_map.mask_with_parts(structure.id))
        expected = voxels * overlapping.label_map.grid.voxel_volume_mm3
        assert found[structure.id].value("volume-voxel") == pytest.approx(expected, rel=1e-5)


def test_a_nifti_of_another_program_is_measured(tmp_path):
    labels = lump(GRID, 10).astype(np.uint8)
    affine = np.diag([-1.5, -1.5, 3.0, 1.0])
    nibabel.save(nibabel.Nifti1Image(labels.T, affine), tmp_path / "a.nii.gz")
    (one,) = measure(tmp_path / "a.nii.gz")
    assert one.value("volume-voxel") == pytest.approx(np.count_nonzero(labels) * 6.75)
