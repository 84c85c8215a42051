"""What stands on a plane: letters, scale bar, crosshair, place and value; and which values are black."""

from __future__ import annotations

import numpy as np
import pytest

from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume

pytest.importorskip("napari")

from napari_medseg.display import window
from napari_medseg.views.crosshair import GAP_PX, strips
from napari_medseg.views.edge_texts import edge_letters, letters_of
from napari_medseg.views.pointed_at import place_text, value_text
from napari_medseg.views.scale_bar import LARGEST_SHARE, round_length_mm
from napari_medseg.views.windowing import CT_PRESETS, HOT_IRON, apply, dragged, presets_for


def turned(degrees: float) -> np.ndarray:
    """The directions of an axial grid (rows of k, j, i), turned about the patient's left."""
    angle = np.radians(degrees)
    return np.array(
        [
            (0, -np.sin(angle), np.cos(angle)),
            (0, np.cos(angle), np.sin(angle)),
            (1, 0, 0),
        ]
    )


def grid_of(directions: np.ndarray, shape: tuple[int, int, int] = (4, 5, 6)) -> Grid:
    k, j, i = np.asarray(directions, dtype=float)
    return Grid.from_axes(shape, origin_lps_mm=(0, 0, 0), step_k_mm=3 * k, step_j_mm=j, step_i_mm=i)


def volume_of(quantity: Quantity, values: np.ndarray, **fields: object) -> Volume:
    grid = grid_of(turned(0), values.shape)
    return Volume(grid, values, quantity, Source("phantom"), **fields)


@pytest.mark.parametrize("flips", [(1, 1, 1), (-1, 1, 1), (1, -1, -1), (-1, -1, -1)])
@pytest.mark.parametrize("axes", [(0, 1, 2), (1, 0, 2), (2, 0, 1)])
def test_the_letters_tell_the_patient_however_the_voxels_are_stored(axes, flips) -> None:
    grid = grid_of(turned(0)[list(axes)] * np.array(flips)[:, None])
    told = {axis: edge_letters(grid, axis, superior_up=axis > 0) for axis in range(3)}
    assert told[0] == {"left": "R", "right": "L", "top": "A", "bottom": "P"}
    assert told[1] == {"left": "R", "right": "L", "top": "S", "bottom": "I"}
    assert told[2] == {"left": "A", "right": "P", "top": "S", "bottom": "I"}


def test_a_plane_that_leans_by_more_than_15_degrees_has_two_letters() -> None:
    upright, leaning = grid_of(turned(14)), grid_of(turned(20))
    assert edge_letters(upright, 0, superior_up=False)["top"] == "A"
    assert edge_letters(leaning, 0, superior_up=False) == {
        "left": "R",
        "right": "L",
        "top": "AI",
        "bottom": "PS",
    }
    assert edge_letters(leaning, 1, superior_up=True)["top"] == "SA"
    assert letters_of((0.6, -0.7, 0.39)) == "ALS"


@pytest.mark.parametrize("mm_per_px", [0.013, 0.2, 0.5, 1.0, 3.7])
@pytest.mark.parametrize("width_px", [200, 323, 1600])
def test_the_scale_bar_is_round_and_leaves_room_for_the_letter(mm_per_px, width_px) -> None:
    length_mm = round_length_mm(mm_per_px, width_px)
    assert LARGEST_SHARE / 2.6 <= length_mm / mm_per_px / width_px <= LARGEST_SHARE + 1e-9
    first = f"{length_mm:e}".split("e")[0]
    assert float(first) in (1.0, 2.0, 5.0)


def test_the_crosshair_leaves_its_place_free_and_stays_on_the_image() -> None:
    parts = strips((100, 80), (20, 10, 180, 150), (0, 0, 400, 300))
    across = [(20, 80, 100 - GAP_PX - 20, 1), (100 + GAP_PX, 80, 80 - GAP_PX, 1)]
    down = [(100, 10, 1, 80 - GAP_PX - 10), (100, 80 + GAP_PX, 1, 70 - GAP_PX)]
    assert parts == [*across, *down]
    # Zoomed in, the image reaches beyond the canvas: the lines do not.
    parts = strips((100, 80), (-500, -500, 900, 900), (0, 0, 400, 300))
    assert all(min(x, y) >= 0 and x + w <= 400 and y + h <= 300 for x, y, w, h in parts)
    # The place lies beside what is in view: one line passes, the other does not.
    assert [part[2] for part in strips((100, -50), (0, -100, 400, 300), (0, 0, 400, 300))] == [1]
    assert strips((-50, -50), (-100, -100, 400, 300), (0, 0, 400, 300)) == []


def test_place_and_value_under_the_mouse() -> None:
    assert place_text((12.34, -45.6, 789)) == "L 12.3  A 45.6  S 789.0 mm"
    assert place_text((-1, 2, -3)) == "R 1.0  P 2.0  I 3.0 mm"
    hu = volume_of(Quantity.HU, np.arange(120, dtype=np.int16).reshape(4, 5, 6))
    assert value_text(hu, (2.4, 1.4, 3.2)) == "38 HU"
    assert value_text(hu, (2.4, 1.4, 300)) == ""
    suv = volume_of(Quantity.SUVBW, np.full((4, 5, 6), 3.14159, np.float32))
    assert value_text(suv, (0, 0, 0)) == "3.142 g/ml"


def test_a_drag_widens_to_the_right_and_brightens_upwards() -> None:
    low, high = dragged((0, 100), 250, 0, (-1000, 1000))
    assert (low, high) == (-50, 150)
    low, high = dragged((0, 100), 0, -500, (-1000, 1000))
    assert (low, high) == (-100, 0), "upwards: lower values are white already"
    low, high = dragged((0, 1), -5000, 0, (-1000, 1000))
    assert high - low == pytest.approx(2.0), "a window keeps a width"


class Layer:
    contrast_limits_range = (-100.0, 100.0)
    contrast_limits = (0.0, 1.0)
    colormap = ""


def test_each_kind_of_image_has_its_windows() -> None:
    hu = volume_of(Quantity.HU, np.zeros((4, 5, 6), np.int16))
    lung = next(p for p in presets_for(hu, window(hu)) if p.name == "Lung")
    assert (lung.low, lung.high) == (-1350, 150)
    assert {p.name for p in CT_PRESETS} == {"Abdomen", "Liver", "Mediastinum", "Lung", "Bone", "Brain"}

    layer = Layer()
    apply(lung, layer)
    assert (layer.contrast_limits, layer.colormap) == ((-1350, 150), "gray")
    assert layer.contrast_limits_range == (-1350, 150), "the slider reaches there"

    suv = volume_of(Quantity.SUVBW, np.linspace(0, 20, 120, dtype=np.float32).reshape(4, 5, 6))
    names = {p.name: p for p in presets_for(suv, (0, 8))}
    apply(names["PET hot iron, SUV 0 to 10"], layer)
    assert layer.colormap.name == HOT_IRON
    black, white = layer.colormap.map(np.array([0.0, 1.0]))[:, :3]
    assert np.allclose(black, 0, atol=0.01)
    assert np.allclose(white, 1, atol=0.01)
    assert names["PET inverted, SUV 0 to 5"].colormap == "gray_r"

    mr = volume_of(Quantity.ARBITRARY, np.linspace(0, 900, 120, dtype=np.float32).reshape(4, 5, 6))
    assert [p.name for p in presets_for(mr, (10, 500))] == ["As opened", "Inverted"]


def test_the_window_of_the_file_is_the_one_it_is_opened_with() -> None:
    values = np.zeros((4, 5, 6), np.int16)
    asked = volume_of(Quantity.HU, values.copy(), display_window=(-20.0, 60.0))
    assert window(asked) == (-20, 60)
    first = presets_for(asked, window(asked))[0]
    assert (first.name, first.low, first.high) == ("As the file asks", -20, 60)
    assert window(volume_of(Quantity.HU, values)) == (-160, 240)
