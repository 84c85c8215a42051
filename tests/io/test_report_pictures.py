"""Key slices of a report: which ones, and where the lines of diameters lie."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from medseg.errors import GridMismatchError
from medseg.io.report_pictures import CELL, Lesion, slices_of, surfaces_of
from medseg.labelmap import LabelMap, Structure
from medseg.measurement.measured import Line
from medseg.volume import Quantity, Source, Volume
from solids import upright

GRID = upright((20, 120, 160), (4.0, 1.0, 1.0))


def case(lesions=1, grid=GRID):
    """A body with lesions, each on slices of its own, and an image without contrast."""
    voxels = np.zeros(grid.shape_kji, np.uint8)
    voxels[2:18, 10:110, 10:150] = 1
    structures = [Structure("body", "Body", 1, "#00a000")]
    for number in range(lesions):
        voxels[4 + 5 * number : 7 + 5 * number, 50:70, 60:100] = number + 2
        structures.append(Structure(f"l{number}", f"Lesion {number}", number + 2, "#d02020", part_of="body"))
    label_map = LabelMap(grid, (voxels,), tuple(structures))
    return label_map, Volume(grid, np.zeros(grid.shape_kji, np.int16), Quantity.HU, Source("phantom"))


def measured(number, grid=GRID):
    """The lines of a lesion of :func:`case`."""
    k = 5 + 5 * number
    places = ((k, 60, 60), (k, 60, 99), (k, 50, 80), (k, 69, 80))
    ends = [tuple(map(float, grid.to_lps_mm(index))) for index in places]
    return Lesion(f"l{number}", Line(ends[0], ends[1], 0, k), Line(ends[2], ends[3], 0, k), "40.0 × 20.0 mm")


def test_a_lesion_is_shown_with_its_lines_then_across_then_the_whole_slice():
    pictures = slices_of(*case(), [measured(0)], window=(-100, 100))
    assert [(picture.title, picture.words) for picture in pictures] == [
        ("axial", "Lesion 0: 40.0 × 20.0 mm"),
        ("coronal", "Lesion 0"),
        ("sagittal", "Lesion 0"),
        ("axial", "Lesion 0: the whole slice"),
    ]
    assert {Image.open(io.BytesIO(picture.png)).size for picture in pictures} == {CELL}


def test_the_line_lies_where_the_diameter_was_measured():
    with_line, without = (
        np.asarray(Image.open(io.BytesIO(slices_of(*case(), [lesion], window=(-100, 100))[0].png)), np.int16)
        for lesion in (measured(0), Lesion("l0", Line((0, 0, 0), (0, 0, 0), 0, 5), None, "40.0 × 20.0 mm"))
    )
    changed = np.abs(with_line - without).sum(axis=-1) > 100
    rows, columns = np.nonzero(changed)
    # 90 mm and more across 300 pixels: the longest runs for 39 mm along x, the one across for 19 mm along y.
    per_mm = 300 / 101
    assert np.ptp(columns) == pytest.approx(39 * per_mm, abs=6)
    assert np.ptp(rows) == pytest.approx(19 * per_mm, abs=6)
    # The longest is drawn through, the one across is dashed.
    assert changed.any(axis=0)[columns.min() : columns.max()].all()
    middle = round(float(columns.min() + columns.max()) / 2)
    dashed = changed[rows.min() : rows.max(), middle]
    assert dashed.any()
    assert not dashed.all()


def test_flipped_slices_are_found_by_their_index():
    flipped = type(GRID).from_axes(
        GRID.shape_kji,
        origin_lps_mm=(0, 0, 76),
        step_k_mm=(0, 0, -4),
        step_j_mm=(0, 1, 0),
        step_i_mm=(1, 0, 0),
    )
    upright_one, flipped_one = (
        slices_of(*case(grid=grid), [measured(0, grid)], window=(-100, 100))[0] for grid in (GRID, flipped)
    )
    a, b = (np.asarray(Image.open(io.BytesIO(one.png)), np.int16) for one in (upright_one, flipped_one))
    # The same slice of the body; only the caption says another place.
    assert np.abs(a[30:] - b[30:]).max() == 0


def test_there_are_never_more_slices_than_fit():
    label_map, image = case(lesions=3)
    pictures = slices_of(label_map, image, [measured(number) for number in range(3)])
    assert [picture.words.split(":")[0] for picture in pictures[3:]] == ["Lesion 0", "Lesion 1", "Lesion 2"]
    assert len(slices_of(*organs(12), [])) == 7


def organs(count, step_mm=4.0):
    """Organs of growing size on every sixth slice, and no image."""
    grid = upright((6 * count, 30, 40), (step_mm, 3.0, 3.0))
    voxels = np.zeros(grid.shape_kji, np.uint8)
    structures = []
    for number in range(count):
        voxels[6 * number + 1 : 6 * number + 5, 5:25, 5 : 15 + number] = number + 1
        structures.append(Structure(f"o{number}", f"Organ {number}", number + 1))
    return LabelMap(grid, (voxels,), tuple(structures)), None


@pytest.mark.parametrize(("step_mm", "expected"), [(4.0, [6, 5, 4, 3, 2, 1, 0]), (2.0, [6, 4, 2, 0])])
def test_the_largest_come_first_and_slices_lie_apart(step_mm, expected):
    pictures = slices_of(*organs(7, step_mm), [])
    assert [int(picture.words.split()[1].rstrip(":")) for picture in pictures] == expected


def test_both_sides_are_named_for_those_who_can_not_see_the_picture():
    pictures = surfaces_of(case()[0])
    assert [picture.title for picture in pictures] == ["3-D, from the front", "3-D, from the patient's left"]
    assert {picture.words for picture in pictures} == {"Body, Lesion 0"}


def test_an_image_of_another_grid_is_refused():
    label_map, _ = case()
    other = upright((20, 120, 160), (4.0, 1.0, 1.1))
    image = Volume(other, np.zeros(other.shape_kji, np.int16), Quantity.HU, Source("phantom"))
    with pytest.raises(GridMismatchError):
        slices_of(label_map, image, [])
