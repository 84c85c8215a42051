"""What the tests of the window share: a viewer with the panel, small cases, a mouse, two signers."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume

pytest.importorskip("napari")

from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QKeyEvent, QMouseEvent
from qtpy.QtWidgets import QApplication

from napari_medseg.case import Case
from napari_medseg.live import LiveCase
from napari_medseg.napari_private import (
    canvas_position,
    canvas_widget,
    contouring_panel,
    is_open,
    main_window,
)
from napari_medseg.panel.contouring import ContouringPanel
from napari_medseg.panel.warming import EngineWarmUp
from napari_medseg.views.linked_views import Layout
from study_cases import Studies, StudySite, site, studies
from study_window import StudyWindow

__all__ = ["site", "studies"]

WINDOW_PX = (1280, 800)

HAS_DISPLAY = sys.platform in ("win32", "darwin") or any(
    os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests of the window where there is none to open: Qt would end the whole run."""
    if not HAS_DISPLAY:
        for item in items:
            if item.get_closest_marker("gui"):
                item.add_marker(pytest.mark.skip(reason="no display here; make test brings a virtual one"))


@pytest.fixture(autouse=True)
def what_is_alive_is_no_garbage() -> None:
    """Spare the search for garbage, which the fixture of a viewer makes several times, what is there already.

    It takes as long as there are objects, most of them modules: a quarter of the time of all tests.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def own_state(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No panel offers what an earlier test left unsaved."""
    monkeypatch.setenv("MEDSEG_STATE", str(tmp_path_factory.mktemp("state")))


@pytest.fixture(autouse=True)
def cold_engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """No panel warms the engine up or follows the reader: the threads would take the time of other tests.

    ``warm_engine`` and ``live_engine`` let them.
    """
    if "live_engine" not in request.fixturenames:
        monkeypatch.setattr(LiveCase, "start", lambda _self: None)
        monkeypatch.setattr(LiveCase, "_on_change", lambda _self, _change: None)
    # Four canvases take four times as long to draw: tests ask for them.
    monkeypatch.setattr("napari_medseg.panel.contouring.START_LAYOUT", Layout.ONE)
    if "warm_engine" not in request.fixturenames:
        monkeypatch.setattr(EngineWarmUp, "start", lambda _self: None)


@pytest.fixture
def live_engine() -> None:
    """Asks for panels that complete the case while it is drawn."""


@pytest.fixture
def warm_engine() -> None:
    """Asks for panels that warm the engine up."""


@pytest.fixture
def viewer(npe2pm: Any, make_napari_viewer: Any) -> Iterator[Any]:
    """A shown viewer in which medseg is the only plugin."""
    with npe2pm.tmp_plugin(package="medseg"):
        viewer = make_napari_viewer(show=True)
        main_window(viewer).resize(*WINDOW_PX)
        QApplication.processEvents()
        yield viewer
        panel = contouring_panel(viewer, ContouringPanel) if is_open(viewer) else None
        if panel is not None:
            panel.leave()
        # Qt takes the further canvases apart when it comes to it: napari counts them at once.
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QApplication.processEvents()


@pytest.fixture
def panel(viewer: Any) -> ContouringPanel:
    """The dock widget, as the plugin menu opens it."""
    _, panel = viewer.window.add_plugin_dock_widget("medseg", "medseg: contouring")
    QApplication.processEvents()
    return panel


@pytest.fixture
def wait(qtbot: Any) -> Callable[[ContouringPanel], None]:
    """Wait for what runs in the background, and for what comes after it."""

    def wait(panel: ContouringPanel) -> None:
        qtbot.waitUntil(lambda: not panel.background.busy, timeout=60_000)
        QApplication.processEvents()

    return wait


@dataclass(frozen=True)
class Mouse:
    """Synthetic events on a canvas: ``QTest.mouseMove`` would move the real pointer."""

    viewer: Any

    def _send(self, kind: QEvent.Type, x: float, y: float, *, pressed: bool) -> None:
        widget, at = canvas_widget(self.viewer), QPointF(x, y)
        button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else Qt.MouseButton.LeftButton
        buttons = Qt.MouseButton.LeftButton if pressed else Qt.MouseButton.NoButton
        on_screen = QPointF(widget.mapToGlobal(at.toPoint()))
        event = QMouseEvent(kind, at, on_screen, button, buttons, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(widget, event)
        QApplication.processEvents()

    def click(self, x: float, y: float) -> None:
        self._send(QEvent.Type.MouseMove, x, y, pressed=False)
        self._send(QEvent.Type.MouseButtonPress, x, y, pressed=True)
        self._send(QEvent.Type.MouseButtonRelease, x, y, pressed=False)

    def double_click_again(self, x: float, y: float) -> None:
        """The second half of a double click: Qt sends it in place of the second press."""
        self._send(QEvent.Type.MouseButtonDblClick, x, y, pressed=True)
        self._send(QEvent.Type.MouseButtonRelease, x, y, pressed=False)

    def click_corners(self, corners_mm: Iterable[Iterable[float]]) -> list[tuple[int, int]]:
        """Click at the canvas pixels nearest to positions in napari's world."""
        widget = canvas_widget(self.viewer)
        QApplication.processEvents()
        pixels = []
        for corner in corners_mm:
            x, y = (round(value) for value in canvas_position(self.viewer, tuple(corner)))
            assert 0 <= x < widget.width(), "the corner must be in view"
            assert 0 <= y < widget.height(), "the corner must be in view"
            self.click(x, y)
            pixels.append((x, y))
        return pixels

    def draw_polygon(self, corners_mm: Iterable[Iterable[float]]) -> list[tuple[int, int]]:
        """Click corner by corner and close the polygon by a double click on the last one."""
        pixels = self.click_corners(corners_mm)
        self.double_click_again(*pixels[-1])
        return pixels

    def press_key(self, key: Qt.Key) -> None:
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            event = QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier)
            QApplication.sendEvent(canvas_widget(self.viewer), event)
        QApplication.processEvents()


@pytest.fixture
def mouse(viewer: Any) -> Mouse:
    """A mouse over the canvas."""
    return Mouse(viewer)


def make_volume(
    directions_lps: Any = ((0, 0, 1), (0, 1, 0), (1, 0, 0)),
    shape_kji: tuple[int, int, int] = (12, 60, 80),
    spacing_kji_mm: tuple[float, float, float] = (4.0, 1.0, 0.8),
) -> Volume:
    """A small volume whose value says where it is; the axes run along the given LPS directions."""
    steps = np.array(directions_lps, dtype=float) * np.array(spacing_kji_mm)[:, None]
    grid = Grid.from_axes(
        shape_kji,
        origin_lps_mm=(-20, 10, 300),
        step_k_mm=steps[0],
        step_j_mm=steps[1],
        step_i_mm=steps[2],
    )
    k, j, i = np.indices(shape_kji)
    voxels = (k * 150 + j + i).astype(np.int16)
    return Volume(grid, voxels, Quantity.HU, Source("phantom", modality="CT"))


@pytest.fixture
def case() -> Case:
    """A small axial case."""
    return Case(make_volume(), "phantom")


@dataclass(frozen=True)
class Signers:
    """Two radiologists and the folder that says so."""

    trust: Path
    ada: Path
    bela: Path
    passphrase: str = "correct horse"


@pytest.fixture
def signers(tmp_path: Path) -> Signers:
    """Ada draws, Bela approves."""
    from medseg.workflows.people import create_key, create_trust

    phrase = Signers.passphrase
    ada = create_key(tmp_path / "ada.pem", name="Ada Adams", role="radiologist", passphrase=phrase)
    bela = create_key(tmp_path / "bela.pem", name="Bela Bartók", role="radiologist", passphrase=phrase)
    trust = tmp_path / "trust"
    create_trust(trust, [ada.card, bela.card], [(ada.key, phrase), (bela.key, phrase)])
    return Signers(trust, ada.key, bela.key)


@pytest.fixture
def volume_of() -> Callable[..., Volume]:
    """Makes small volumes; see :func:`make_volume`."""
    return make_volume


@pytest.fixture
def nifti_of() -> Callable[[Volume, Path], Path]:
    """Writes a volume as NIfTI."""
    from medseg.io.nifti.image import write_image

    def write(volume: Volume, path: Path) -> Path:
        write_image(volume, path)
        return path

    return write


@pytest.fixture
def window(
    viewer: Any, panel: ContouringPanel, site: StudySite, tmp_path: Path, qtbot: Any, nifti_of: Any
) -> Iterator[StudyWindow]:
    """The panel and the worklist of an empty study."""
    with_dock = _window(viewer, site, nifti_of(make_volume(), tmp_path / "image.nii.gz"), qtbot)
    assert with_dock.panel is panel
    yield with_dock
    with_dock.wait()


@pytest.fixture
def window_of(
    viewer: Any, panel: ContouringPanel, studies: Studies, tmp_path: Path, qtbot: Any, nifti_of: Any
) -> Iterator[Callable[..., StudyWindow]]:
    """Makes the same of a study with another policy."""
    made = []

    def make(policy: Any) -> StudyWindow:
        site = studies.make(tmp_path / "study", policy)
        made.append(_window(viewer, site, nifti_of(make_volume(), tmp_path / "image.nii.gz"), qtbot))
        return made[-1]

    yield make
    for window in made:
        window.wait()
        window.site.study.close()


def _window(viewer: Any, site: StudySite, image: Path, qtbot: Any) -> StudyWindow:
    _, dock = viewer.window.add_plugin_dock_widget("medseg", "Worklist", tabify=True)
    QApplication.processEvents()
    return StudyWindow(site, viewer, dock, image, qtbot)


@pytest.fixture
def draw_square(panel: ContouringPanel, viewer: Any, mouse: Mouse) -> Callable[..., None]:
    """Draws a square on an axial slice of the small case, by the panel's button and the mouse."""

    def draw(
        k: int, *, origin_mm: tuple[float, float] = (10, 10), size_mm: float = 30, margin_mm: float = 0
    ) -> None:
        viewer.dims.set_current_step(0, k)
        if not panel.contours.draw.isChecked():
            panel.contours.draw.click()
        low = np.array(origin_mm) + margin_mm
        high = np.array(origin_mm) + size_mm - margin_mm
        (y0, x0), (y1, x1) = low, high
        mouse.draw_polygon([(k * 4.0, y, x) for y, x in ((y0, x0), (y0, x1), (y1, x1), (y1, x0))])

    return draw
