"""Drawing and editing contours in the window."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from medseg.contour import slice_of
from napari_medseg.case import Case

pytestmark = pytest.mark.gui


@pytest.fixture
def drawing(panel: Any, case: Case) -> Any:
    """A panel with a case and one structure."""
    panel.show_case(case)
    panel.contours.structures.name.setText("Tumour")
    panel.contours.structures.add.click()
    return panel


def test_a_structure_is_listed(drawing: Any) -> None:
    assert [s.name for s in drawing.case.structures] == ["Tumour"]
    item = drawing.contours.structures.list.topLevelItem(0)
    assert item.text(1) == "Tumour\nNeoplasm", "DICOM knows what it is"
    assert "0 contours" in item.toolTip(1)
    drawing.structuring.add("tumour ")
    assert "there is a structure 'tumour' already" in drawing.messages.text
    assert "choose another name" in drawing.messages.text


def test_a_polygon_is_finished_by_escape_too(drawing: Any, viewer: Any, mouse: Any) -> None:
    drawing.contours.draw.click()
    mouse.click_corners([(24, 10, 10), (24, 10, 40), (24, 30, 40)])
    assert not drawing.case.contours
    mouse.press_key(Qt.Key.Key_Escape)
    assert len(drawing.case.contours) == 1


def test_contours_on_each_plane(drawing: Any, viewer: Any, mouse: Any) -> None:
    grid = drawing.case.volume.grid
    steps_mm = np.array(viewer.layers[0].scale)
    for axis, name in enumerate(("axial", "coronal", "sagittal")):
        drawing.opening.planes.button(axis).click()
        viewer.dims.set_current_step(axis, 7)
        drawing.drawing.draw(on=True)
        square = np.array([(12.0, 12.0), (12.0, 36.0), (36.0, 36.0), (36.0, 12.0)])
        corners = np.insert(square, axis, 7 * steps_mm[axis], axis=1)
        mouse.draw_polygon(corners)
        contour = drawing.case.contours.contours[-1]
        where = slice_of(contour, grid)
        assert (where.axis, where.index) == (axis, 7)
        # The grid of this case is upright: origin (-20, 10, 300), superior is k, posterior j, left i.
        expected = np.array([-20, 10, 300]) + corners[:, ::-1]
        assert np.abs(contour.points_lps_mm - expected).max() <= 0.51 / viewer.scene.camera.zoom
        assert drawing.contours.slices.item(axis).text().startswith(f"{name} 7")


def test_a_hole_is_left_out(drawing: Any, viewer: Any, mouse: Any, draw_square: Any, wait: Any) -> None:
    draw_square(6)
    drawing.contours.hole.setChecked(True)
    drawing.contours.draw.setChecked(False)
    draw_square(6, margin_mm=8)
    assert [contour.hole for contour in drawing.case.contours] == [False, True]
    drawing.contours.interpolate.click()
    wait(drawing)
    slice_kji = drawing.case.result.label_map.voxels[6]
    assert slice_kji[12, 15] == 1
    assert slice_kji[25, 30] == 0
    assert drawing.contours.slices.item(0).text() == "axial 6  ·  1 outline, 1 hole"


def test_a_tumour_is_part_of_its_liver(drawing: Any, draw_square: Any, wait: Any) -> None:
    for k in (3, 9):
        draw_square(k, size_mm=40)
    drawing.contours.structures.name.setText("Core")
    drawing.contours.structures.part_of.setCurrentIndex(1)
    drawing.contours.structures.add.click()
    assert drawing.case.structures[1].part_of == "tumour"
    for k in (3, 9):
        drawing.drawing.draw(on=True)
        draw_square(k, margin_mm=10)
    drawing.contours.interpolate.click()
    wait(drawing)
    assert drawing.case.result.label_map.voxels[6, 25, 30] == 2, "the part has what both claim, also between"
    assert drawing.case.result.label_map.voxels[6, 12, 15] == 1


def test_scrolling_on_closes_a_begun_polygon(drawing: Any, viewer: Any, mouse: Any) -> None:
    drawing.contours.draw.click()
    viewer.dims.set_current_step(0, 5)
    mouse.click_corners([(20, 10, 10), (20, 10, 40), (20, 30, 40), (20, 30, 10)])
    viewer.dims.set_current_step(0, 6)
    (contour,) = drawing.case.contours
    assert slice_of(contour, drawing.case.volume.grid).index == 5
    assert drawing.contours.draw.isChecked(), "the next polygon can be drawn at once"


def test_a_degenerate_polygon_is_refused_in_words(
    drawing: Any, viewer: Any, mouse: Any, draw_square: Any
) -> None:
    draw_square(6)
    mouse.draw_polygon([(24, 10, 10), (24, 10, 30), (24, 10, 50)])
    assert "three vertices that don't lie on one line" in drawing.messages.text
    assert len(drawing.case.contours) == 1, "what was drawn before is kept"


def test_delete_removes_the_contour_in_view(drawing: Any, viewer: Any, draw_square: Any) -> None:
    draw_square(4)
    draw_square(8)
    viewer.dims.set_current_step(0, 5)
    drawing.contours.delete.click()
    assert "Tumour has no contour on this slice" in drawing.messages.text
    viewer.dims.set_current_step(0, 4)
    drawing.contours.delete.click()
    drawing.opening.planes.button(2).click()
    drawing.contours.slices.itemClicked.emit(drawing.contours.slices.item(0))
    assert (viewer.dims.order[0], viewer.dims.current_step[0]) == (0, 8), "a click on a slice goes there"
    assert [slice_of(contour, drawing.case.volume.grid).index for contour in drawing.case.contours] == [8]
    assert len(drawing.binding.main.lines.shown("drawn")) == 1


def test_interpolation_tells_what_it_cant_do(drawing: Any, draw_square: Any, wait: Any) -> None:
    drawing.contours.interpolate.click()
    wait(drawing)
    assert "there is no contour to interpolate" in drawing.messages.text
    assert drawing.messages.isVisible()
    draw_square(2, origin_mm=(5, 5), size_mm=6)
    draw_square(9, origin_mm=(45, 45), size_mm=6)
    drawing.contours.interpolate.click()
    wait(drawing)
    assert "could not be joined between axial 2 and axial 9" in drawing.messages.text


def test_tools_that_draw_no_contours_are_refused(drawing: Any, draw_square: Any, wait: Any) -> None:
    draw_square(4)
    drawing.contours.interpolate.click()
    wait(drawing)
    layer = drawing.binding.result_layer
    layer.mode = "paint"
    assert "can't be painted" in drawing.messages.text
    QApplication.processEvents()
    assert layer.mode == "pan_zoom"
    assert not np.asarray(layer.data).flags.writeable


def test_removing_a_layer_by_hand_loses_nothing(drawing: Any, viewer: Any, draw_square: Any) -> None:
    draw_square(4)
    viewer.layers.clear()
    QApplication.processEvents()
    assert [layer.name for layer in viewer.layers] == ["phantom"]
    viewer.dims.set_current_step(0, 4)
    assert len(drawing.binding.main.lines.shown("drawn")) == 1
    assert len(drawing.case.contours) == 1
