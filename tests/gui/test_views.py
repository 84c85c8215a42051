"""Three planes and the surfaces on one place in the patient."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent, QWheelEvent
from qtpy.QtWidgets import QApplication

from medseg.contour import Contour, Slice
from napari_medseg.case import Case
from napari_medseg.views.linked_views import Layout
from napari_medseg.views.plane_view import PlaneView
from napari_medseg.views.scale_bar import round_length_mm

pytestmark = pytest.mark.gui


def send(view: PlaneView, kind: QEvent.Type, at: tuple[float, float], *, button: Any, held: Any) -> None:
    point = QPointF(*at)
    on_screen = QPointF(view.canvas.mapToGlobal(point.toPoint()))
    event = QMouseEvent(kind, point, on_screen, button, held, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(view.canvas, event)
    QApplication.processEvents()


def click(view: PlaneView, at: tuple[float, float]) -> None:
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    send(view, QEvent.Type.MouseMove, at, button=none, held=none)
    send(view, QEvent.Type.MouseButtonPress, at, button=left, held=left)
    send(view, QEvent.Type.MouseButtonRelease, at, button=left, held=none)


def wheel(
    view: PlaneView,
    notches: int,
    *,
    at: tuple[float, float] = (150.0, 90.0),
    keys: Any = Qt.KeyboardModifier.NoModifier,
) -> None:
    at = QPointF(*at)
    event = QWheelEvent(
        at,
        QPointF(view.canvas.mapToGlobal(at.toPoint())),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        keys,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view.canvas, event)
    QApplication.processEvents()


def square(case: Case, where: Slice, size_mm: float) -> Contour:
    plane = case.volume.grid.plane(where.axis, where.index)
    middle = plane.to_plane_mm(case.volume.grid.to_lps_mm([[6, 30, 40]]))[0]
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * size_mm / 2
    return Contour(plane, middle + corners, "tumour")


def test_four_canvases_show_one_place(
    live_engine: None, viewer: Any, panel: Any, case: Case, qtbot: Any
) -> None:
    panel.show_case(case)
    case.add_structure("Tumour")
    for k in (3, 9):
        case.edit_contours("tumour", (), [square(case, Slice(0, k), 20)])
    binding = panel.binding
    binding.set_layout(Layout.FOUR)
    for _ in range(3):
        QApplication.processEvents()
    views = binding.views.views
    assert sorted(view.axis for view in views) == [0, 1, 2]
    assert all(view.canvas.isVisible() for view in views)
    assert len({round(view.mm_per_px, 6) for view in views}) == 1, "one scale"

    axial, coronal = binding.views.view_of(0), binding.views.view_of(1)
    where = axial.world_of(case.volume.grid.to_lps_mm([[6, 20, 50]]))
    x, y = axial.to_px(axial.plane.to_plane_mm(axial.lps_of(where)))[0]
    click(axial, (x, y))
    assert binding.views.position == (6, 20, 50), "a click brings all planes there"
    assert coronal.where == Slice(1, 20)
    wheel(coronal, 3)
    assert binding.views.position == (6, 23, 50), "the wheel goes through the slices of its own plane"
    assert axial.where == Slice(0, 6)
    assert all(len(canvas.crosshair.shown) == 4 for canvas in binding.views.canvases)

    coronal.viewer.scene.camera.zoom *= 1.5
    assert len({round(view.mm_per_px, 6) for view in views}) == 1, "all zoom together"
    binding.show_outlines()
    for view in views:
        length_mm = view.viewer.canvas.overlays.scale_bar.length
        assert length_mm == round_length_mm(view.mm_per_px, view.canvas.width())

    letters = [texts.texts for texts in binding._texts]
    by_plane = {one["name"].split()[0]: one for one in letters}
    edges = {
        name: "".join(one[e] for e in ("left", "right", "top", "bottom")) for name, one in by_plane.items()
    }
    assert edges == {"axial": "RLAP", "coronal": "RLSI", "sagittal": "APSI"}

    qtbot.waitUntil(lambda: panel.live.is_current and not panel.live.busy, timeout=30_000)
    QApplication.processEvents()
    outlines = {o.view.axis: o.view.lines for o in binding.outlines}
    assert all(line.dashed for line in outlines[0].shown("proposed"))
    assert len(outlines[0].shown("proposed")) == len(outlines[1].shown("proposed")) == 1
    assert not outlines[0].shown("drawn"), "nothing was drawn on this slice"
    assert len(outlines[1].shown("crossing")) == 2, "both contours are cut by the coronal plane"
    # What is dashed in the coronal plane reaches from the first contour to the last one.
    heights = outlines[1].shown("proposed")[0].points_mm[:, 0]
    assert heights.min() == pytest.approx(3 * 4, abs=2.1)
    assert heights.max() == pytest.approx(9 * 4, abs=2.1)

    shown_before = coronal.mm_per_px
    binding.views.enlarge(1)
    QApplication.processEvents()
    assert coronal.mm_per_px < shown_before / 1.2, "what is in view grows with its canvas"
    assert [view.canvas.isVisible() for view in views] == [view.axis == 1 for view in views]
    binding.views.enlarge(1)
    assert all(view.canvas.isVisible() for view in views)
    QApplication.processEvents()
    assert axial.mm_per_px == pytest.approx(shown_before), "as large as it was"

    x, y = axial.to_px(axial.plane.to_plane_mm(case.volume.grid.to_lps_mm([[6, 20, 50]])))[0]
    send(axial, QEvent.Type.MouseMove, (x, y), button=Qt.MouseButton.NoButton, held=Qt.MouseButton.NoButton)
    told = next(one.texts["place"] for one in binding._texts if one.texts["name"].startswith("axial"))
    assert told == "L 20.0  P 30.0  S 324.0 mm\n970 HU"

    middle = Qt.MouseButton.MiddleButton
    under = coronal.lps_at(100, 90)
    send(coronal, QEvent.Type.MouseButtonPress, (100, 90), button=middle, held=middle)
    send(coronal, QEvent.Type.MouseMove, (130, 75), button=Qt.MouseButton.NoButton, held=middle)
    send(coronal, QEvent.Type.MouseButtonRelease, (130, 75), button=middle, held=Qt.MouseButton.NoButton)
    assert np.allclose(coronal.lps_at(130, 75), under, atol=1e-3), "the middle button moves the picture"
    assert binding.views.position == (6, 23, 50), "and no plane"
    before = coronal.mm_per_px
    wheel(coronal, 2, at=(130, 75), keys=Qt.KeyboardModifier.ControlModifier)
    assert coronal.mm_per_px == pytest.approx(before / 1.44), "Ctrl and the wheel zoom"
    assert np.allclose(coronal.lps_at(130, 75), under, atol=1e-3), "around the mouse"
    binding.views.fit()

    right, none = Qt.MouseButton.RightButton, Qt.MouseButton.NoButton
    send(axial, QEvent.Type.MouseButtonPress, (x, y), button=right, held=right)
    send(axial, QEvent.Type.MouseMove, (x + 50, y - 50), button=none, held=right)
    send(axial, QEvent.Type.MouseButtonRelease, (x, y), button=right, held=none)
    low, high = coronal.viewer.layers[0].contrast_limits
    assert high - low > 400, "to the right is wider, on all planes"
    assert (low + high) / 2 < 40, "up is brighter"

    binding.set_layout(Layout.ONE)
    assert [view.canvas.isVisible() for view in views] == [True, False, False]


def test_true_anatomical_planes_of_an_oblique_image(viewer: Any, panel: Any, volume_of: Any) -> None:
    lean = np.radians(20)
    k, j = (0, -np.sin(lean), np.cos(lean)), (0, np.cos(lean), np.sin(lean))
    case = Case(volume_of((k, j, (1, 0, 0)), (30, 60, 80), (2.0, 1.0, 0.8)), "oblique")
    panel.show_case(case)
    case.add_structure("Tumour")
    case.edit_contours("tumour", (), [leaning := square(case, Slice(0, 15), 12)])
    panel.binding.go_to_lps(place := case.volume.grid.to_lps_mm([[15, 30, 40]])[0])
    acquired = panel.binding
    assert acquired._texts[0].texts["top"] == "AI", "the slices lean"

    panel.show_upright(on=True)
    QApplication.processEvents()
    binding = panel.binding
    assert binding is not acquired
    view = binding.main
    assert binding._texts[0].texts["top"] == "A"
    assert np.allclose(np.abs(view.plane.normal), (0, 0, 1)), "a true axial plane"
    assert np.abs(binding.place_lps_mm - place).max() <= 1.0, "of the same place"
    pixels = np.asarray(binding.image_layer.data[view.where.index])
    index = np.rint(case.volume.grid.to_index(binding.place_lps_mm)).astype(int)
    row, column = binding.views.position[1:]
    assert pixels[row, column] == pytest.approx(float(case.volume.voxels[tuple(index)]), abs=150)
    assert len(view.lines.shown("crossing")) == 1, "what was drawn on a slice cuts the plane in a line"
    ends = view.lines.shown("crossing")[0].points_mm
    assert np.linalg.norm(ends[1] - ends[0]) == pytest.approx(12, abs=0.05)

    panel.desk.box.take(panel.desk.box.polygon)
    middle = np.array([view.canvas.width(), view.canvas.height()]) / 2
    corners = middle + 60.0 * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    for corner in corners:
        click(view, tuple(corner))
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    send(view, QEvent.Type.MouseButtonDblClick, tuple(corners[-1]), button=left, held=left)
    send(view, QEvent.Type.MouseButtonRelease, tuple(corners[-1]), button=left, held=none)
    (upright,) = [c for c in case.contours if c is not leaning]
    clicked = np.array([view.lps_at(*corner) for corner in corners])
    assert np.abs(upright.points_lps_mm - clicked).max() < 0.01, "it lies where the mouse was"
    assert np.ptp(upright.points_lps_mm[:, 2]) < 1e-9, "on the true plane, between the slices"
    assert len(view.lines.shown("drawn")) == 1

    panel.show_upright(on=False)
    QApplication.processEvents()
    assert len(panel.binding.main.lines.shown("crossing")) == 1
    assert tuple(case.contours) == (leaning, upright)
