"""The contact sheet: a readable PNG with each outline where the structure is."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageColor

from medseg.errors import GridMismatchError, OutputExistsError
from medseg.io.contact_sheet import TILE_WIDTH, write_contact_sheet
from medseg.labelmap import LabelMap, Structure
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume

RED, GREEN = "#ff0000", "#00ff00"
CASE_SHAPE_KJI = (12, 60, 80)


def axial_grid(shape_kji=CASE_SHAPE_KJI, *, step_k_mm=(0, 0, 5.0), step_i_mm=(1.0, 0, 0)) -> Grid:
    return Grid.from_axes(
        shape_kji,
        origin_lps_mm=(-40, -30, 0),
        step_k_mm=step_k_mm,
        step_j_mm=(0, 1.0, 0),
        step_i_mm=step_i_mm,
    )


def grey(grid: Grid, quantity: Quantity = Quantity.HU) -> Volume:
    return Volume(grid, np.full(grid.shape_kji, 40, dtype=np.int16), quantity, Source("phantom"))


def a_red_box_on_the_left_and_a_green_part(grid: Grid) -> LabelMap:
    labels = np.zeros(grid.shape_kji, dtype=np.uint8)
    labels[3:9, 20:40, 50:70] = 1
    labels[4:8, 26:34, 56:64] = 2
    structures = (
        Structure("organ", "Organ", 1, RED),
        Structure("tumour", "Tumour", 2, GREEN, part_of="organ"),
    )
    return LabelMap(grid, (labels,), structures)


def near(picture: np.ndarray, color: str) -> np.ndarray:
    """Pixels of about a colour: outlines are averaged with what lies under them."""
    return np.abs(picture.astype(int) - ImageColor.getrgb(color)).max(axis=-1) < 90


def sheet(path, grid: Grid, **options) -> np.ndarray:
    write_contact_sheet(
        grey(grid), a_red_box_on_the_left_and_a_green_part(grid), path, title="Case 1", **options
    )
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert image.mode == "RGB"
        return np.asarray(image)


def test_outlines_lie_where_the_structures_are(tmp_path):
    picture = sheet(tmp_path / "sheet.png", axial_grid(), columns=1, max_slices=1)
    # One column: the first tile is the only slice, under the title and its caption.
    tile = picture[78 : 78 + TILE_WIDTH, 10 : 10 + TILE_WIDTH]
    rows, columns = np.nonzero(near(tile, RED))
    # Shown: columns 25 (50 less the margin of 25 mm) to 79 inclusive, 55 voxels wide.
    pixels_per_voxel = TILE_WIDTH / 55
    assert columns.min() == pytest.approx((50 - 25) * pixels_per_voxel, abs=3)
    assert columns.max() == pytest.approx((70 - 25) * pixels_per_voxel, abs=3)
    assert rows.min() == pytest.approx(20 * pixels_per_voxel, abs=3)
    green = np.nonzero(near(tile, GREEN))[1]
    assert green.min() == pytest.approx((56 - 25) * pixels_per_voxel, abs=3)


def test_a_part_makes_no_hole_in_the_outline_of_the_whole(tmp_path):
    picture = sheet(tmp_path / "sheet.png", axial_grid(), columns=1, max_slices=1)
    pixels_per_voxel = TILE_WIDTH / 55
    row = 78 + round(30 * pixels_per_voxel)
    crossings = near(picture[row, 10 : 10 + TILE_WIDTH], RED)
    runs = np.flatnonzero(np.diff(np.concatenate([[0], crossings.astype(int), [0]])) == 1)
    assert len(runs) == 2


def test_the_patient_is_shown_the_same_way_whatever_the_order_of_the_array(tmp_path):
    straight = axial_grid()
    labels = a_red_box_on_the_left_and_a_green_part(straight)
    mirrored = Grid.from_axes(
        CASE_SHAPE_KJI,
        origin_lps_mm=straight.to_lps_mm((0, 0, CASE_SHAPE_KJI[2] - 1)),
        step_k_mm=(0, 0, 5.0),
        step_j_mm=(0, 1.0, 0),
        step_i_mm=(-1.0, 0, 0),
    )
    flipped = LabelMap(mirrored, (labels.voxels[:, :, ::-1],), labels.structures)
    for name, label_map in (("a", labels), ("b", flipped)):
        write_contact_sheet(grey(label_map.grid), label_map, tmp_path / f"{name}.png", title="", max_slices=1)
    a, b = (np.asarray(Image.open(tmp_path / f"{name}.png")) for name in "ab")
    assert near(a[78:300], RED).sum() > 100
    # A polygon that starts at another vertex may be rounded differently in a few pixels.
    first_tile = slice(78, 300), slice(10, 10 + TILE_WIDTH)
    assert (near(a, RED) != near(b, RED))[first_tile].mean() < 1e-4


def test_pixels_are_square_millimetres(tmp_path):
    wide = sheet(tmp_path / "a.png", axial_grid(step_i_mm=(2.0, 0, 0)), columns=1, max_slices=1)
    # The box is 20 voxels of 2 mm by 20 of 1 mm; 42 × 60 voxels are shown.
    tile = near(wide[78 : 78 + TILE_WIDTH * 60 // 84, 10 : 10 + TILE_WIDTH], RED)
    rows, columns = np.nonzero(tile)
    assert np.ptp(columns) == pytest.approx(2 * np.ptp(rows), rel=0.1)


def test_it_is_the_same_on_each_run_and_leaves_nothing_else(tmp_path):
    for name in ("a.png", "b.png"):
        sheet(tmp_path / name, axial_grid())
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.png", "b.png"]


def test_nothing_is_overwritten_unasked(tmp_path):
    path = tmp_path / "sheet.png"
    path.write_bytes(b"mine")
    with pytest.raises(OutputExistsError):
        sheet(path, axial_grid())
    assert path.read_bytes() == b"mine"
    assert [p.name for p in tmp_path.iterdir()] == ["sheet.png"]
    sheet(path, axial_grid(), overwrite=True)


def test_the_number_of_slices_and_columns_is_kept(tmp_path):
    few = sheet(tmp_path / "few.png", axial_grid(), columns=2, max_slices=2)
    many = sheet(tmp_path / "many.png", axial_grid(), columns=2, max_slices=6)
    assert many.shape[0] > few.shape[0]
    # Six slices have labels: three rows of two rather than one, so two more rows of tiles.
    tile_rows = (many.shape[0] - few.shape[0]) / 2
    assert tile_rows == pytest.approx(many.shape[0] / 5, rel=0.4)


def test_drawn_slices_are_marked(tmp_path):
    plain = sheet(tmp_path / "plain.png", axial_grid())
    marked = sheet(tmp_path / "marked.png", axial_grid(), drawn={"organ": [3, 5], "tumour": []})
    assert marked.shape[1] == plain.shape[1]
    assert near(marked, RED).sum() > near(plain, RED).sum()


@pytest.mark.parametrize("quantity", list(Quantity))
def test_any_quantity_and_constant_or_undefined_values_are_shown(tmp_path, quantity):
    grid = axial_grid((4, 20, 20))
    voxels = np.full(grid.shape_kji, np.nan, dtype=np.float32)
    labels = np.zeros(grid.shape_kji, dtype=np.uint8)
    write_contact_sheet(
        Volume(grid, voxels, quantity, Source("phantom")),
        LabelMap(grid, (labels,), ()),
        tmp_path / "sheet.png",
        title="Nothing in here, and a title that is far too long for the width of such a sheet " * 5,
    )
    assert (tmp_path / "sheet.png").stat().st_size > 0


@pytest.mark.parametrize("first_axis", [0, 1, 2])
def test_sagittal_and_coronal_acquisitions_work(tmp_path, first_axis):
    steps = np.roll(np.eye(3) * (2.0, 1.0, 1.5), first_axis, axis=0)
    grid = Grid.from_axes(
        (12, 40, 50), origin_lps_mm=(0, 0, 0), step_k_mm=steps[0], step_j_mm=steps[1], step_i_mm=steps[2]
    )
    labels = np.zeros(grid.shape_kji, dtype=np.uint8)
    labels[4:8, 10:30, 20:40] = 1
    label_map = LabelMap(grid, (labels,), (Structure("organ", "Organ", 1, RED),))
    write_contact_sheet(grey(grid), label_map, tmp_path / "sheet.png", title="")
    assert near(np.asarray(Image.open(tmp_path / "sheet.png")), RED).sum() > 100


def test_another_grid_is_refused(tmp_path):
    with pytest.raises(GridMismatchError):
        write_contact_sheet(
            grey(axial_grid(step_k_mm=(0, 0, 4.0))),
            a_red_box_on_the_left_and_a_green_part(axial_grid()),
            tmp_path / "sheet.png",
            title="",
        )
    assert not list(tmp_path.iterdir())


def test_no_columns_are_a_mistake_of_the_caller(tmp_path):
    with pytest.raises(ValueError, match="column"):
        sheet(tmp_path / "sheet.png", axial_grid(), columns=0)
