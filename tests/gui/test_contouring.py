"""Drawing and editing contours in the window."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from medseg.contour import slice_of
from medseg.space import AnatomicalOrder
from napari_medseg.case import Case
from napari_medseg.coordinates import contour_from_vertices, vertices_of

pytestmark = pytest.mark.gui


@pytest.fixture
def drawing(panel: Any, case: Case) -> Any:
    """A panel with a case and one structure."""
    panel.show_case(case)
    panel.contours.name.setText("Tumour")
    panel.contours.add.click()
    return panel


def test_a_structure_appears_with_its_colour(drawing: Any, viewer: Any) -> None:
    assert [s.name for s in drawing.case.structures] == ["Tumour"]
    assert drawing.contours.structures.item(0).text() == "Tumour  ·  0 contours"
    assert viewer.layers["Tumour"].units[0] == viewer.layers[0].units[0]
    drawing.drawing.add_structure("tumour ")
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
    drawing.contours.name.setText("Core")
    drawing.contours.part_of.setCurrentIndex(1)
    drawing.contours.add.click()
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


def test_a_degenerate_polygon_is_refused_in_words(drawing: Any, viewer: Any, draw_square: Any) -> None:
    draw_square(6)
    layer = drawing.binding.layer_of("tumour")
    layer.add_polygons(np.array([(5.0, 1, 1), (5.0, 2, 2), (5.0, 3, 3)]))
    QApplication.processEvents()
    assert "three vertices that don't lie on one line" in drawing.messages.text
    assert layer.nshapes == len(drawing.case.contours) == 1, "what was drawn before is kept"


def test_moving_a_vertex_changes_the_contour(drawing: Any, draw_square: Any) -> None:
    draw_square(6)
    layer = drawing.binding.layer_of("tumour")
    before = drawing.case.contours.contours[0]
    moved = np.array(layer.data[0])
    moved[0, 1:] += 2.5
    layer.data = [moved]
    (after,) = drawing.case.contours
    assert after is not before
    assert np.allclose(after.points_lps_mm[0] - before.points_lps_mm[0], (2.5 * 0.8, 2.5, 0))


def test_delete_removes_the_contour_in_view(drawing: Any, viewer: Any, draw_square: Any) -> None:
    draw_square(4)
    draw_square(8)
    viewer.dims.set_current_step(0, 5)
    drawing.contours.delete.click()
    assert "there are 0 contours on this slice" in drawing.messages.text
    viewer.dims.set_current_step(0, 4)
    drawing.contours.delete.click()
    drawing.opening.planes.button(2).click()
    drawing.contours.slices.itemClicked.emit(drawing.contours.slices.item(0))
    assert (viewer.dims.order[0], viewer.dims.current_step[0]) == (0, 8), "a click on a slice goes there"
    assert [slice_of(contour, drawing.case.volume.grid).index for contour in drawing.case.contours] == [8]
    assert drawing.binding.layer_of("tumour").nshapes == 1


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

    layer = drawing.binding.layer_of("tumour")
    layer.mode = "add_ellipse"
    assert "contours are polygons" in drawing.messages.text
    QApplication.processEvents()
    assert layer.mode == "pan_zoom"


def test_removing_a_layer_by_hand_loses_nothing(drawing: Any, viewer: Any, draw_square: Any) -> None:
    draw_square(4)
    viewer.layers.remove("Tumour")
    QApplication.processEvents()
    assert viewer.layers["Tumour"].nshapes == 1
    viewer.layers.clear()
    QApplication.processEvents()
    assert [layer.name for layer in viewer.layers] == ["phantom", "Tumour"]
    assert len(drawing.case.contours) == 1


@pytest.mark.parametrize(
    "directions", [((0, 0, -1), (0, 1, 0), (1, 0, 0)), ((0, 0.6, 0.8), (0, -0.8, 0.6), (-1, 0, 0))]
)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_vertices_and_contours_are_one(directions: Any, axis: int, volume_of: Any) -> None:
    grid = volume_of(directions).grid
    order = AnatomicalOrder.of(grid)
    vertices = np.array([(3.25, 4.5, 5.125), (3.0, 9.75, 6.0), (5.5, 7.0, 8.875)])
    vertices[:, order.axes.index(axis)] = 4
    contour = contour_from_vertices(vertices, grid, "tumour")
    assert slice_of(contour, grid).axis == axis
    assert np.abs(vertices_of(contour, grid) - vertices).max() < 1e-10
