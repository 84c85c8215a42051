"""Every use of napari's private parts, in one place: what 0.10 changes is changed here.

napari has no public way to reach its main window (napari#5190), to know whether a shape is being drawn, or
to be asked before the window closes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import numpy as np
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

_Widget = TypeVar("_Widget", bound=QWidget)


def unwrapped(viewer: Any) -> Any:
    """The viewer itself: a plugin's widget is given a proxy, of which each access makes new objects."""
    return getattr(viewer, "__wrapped__", viewer)


def main_window(viewer: Any) -> QMainWindow:
    """The window of a viewer."""
    return viewer.window._qt_window  # type: ignore[no-any-return]  # noqa: SLF001


PANEL = "medseg: contouring"


def contouring_panel(viewer: Any, kind: type[_Widget]) -> _Widget | None:
    """The contouring panel of a viewer; None where there is none."""
    return next(iter(main_window(viewer).findChildren(kind)), None)


def open_contouring_panel(viewer: Any) -> QWidget:
    """Open the contouring panel, in one place with the docks that are there."""
    _, panel = viewer.window.add_plugin_dock_widget("medseg", PANEL, tabify=True)
    return panel  # type: ignore[no-any-return]


def dock_of(widget: QWidget) -> QDockWidget | None:
    """The dock that a widget is in."""
    parent: QWidget | None = widget
    while parent is not None and not isinstance(parent, QDockWidget):
        parent = parent.parentWidget()
    return parent


def raise_dock(widget: QWidget) -> None:
    """Bring the dock of a widget to the front."""
    dock = dock_of(widget)
    if dock is not None:
        dock.show()
        dock.raise_()


def is_open(viewer: Any) -> bool:
    """Whether a viewer still has its window: on closing, napari empties the list of layers."""
    return hasattr(viewer.window, "_qt_window")


def shows_window(viewer: Any) -> bool:
    """Whether somebody can see the window of a viewer."""
    return hasattr(viewer, "window") and is_open(viewer) and main_window(viewer).isVisible()


def canvas_widget(viewer: Any) -> QWidget:
    """The widget that gets the mouse events of the canvas."""
    return viewer.window._qt_viewer.canvas.native  # type: ignore[no-any-return]  # noqa: SLF001


def canvas_position(viewer: Any, world: tuple[float, ...]) -> tuple[float, float]:
    """Where a point of the world is drawn, in canvas pixels ``(x, y)``."""
    canvas = viewer.window._qt_viewer.canvas  # noqa: SLF001
    down, across = (world[axis] for axis in viewer.dims.displayed)
    x, y = canvas.view.scene.transform.map([across, down])[:2]
    return float(x), float(y)


SOFTWARE_RENDERERS = ("llvmpipe", "softpipe", "swrast")
"""How Mesa calls itself where it draws without a graphics card, as on virtual desktops."""


def finish_frames(viewer: Any) -> None:
    """Have each frame finished before anything else happens, where Mesa draws in software.

    Mesa 22.3 else goes on drawing with what vispy deletes meanwhile: after the canvas was resized, showing
    other layers ends the process, and with it whatever was not saved.
    """
    canvas = viewer.window._qt_viewer.canvas._scene_canvas  # noqa: SLF001
    canvas.events.draw.connect(_finish_frame, position="last")
    # The box behind the brush stays on the canvas once a brush was chosen, and where it alone is left to be
    # drawn, after the layers of a case were removed, Mesa ends the process.
    viewer.canvas.overlays["_brush_circle"].box = False


def _finish_frame(_event: Any) -> None:
    from vispy.gloo import gl

    if _draws_in_software():
        gl.glFinish()


@cache
def _draws_in_software() -> bool:
    from vispy.gloo import gl

    return any(name in str(gl.glGetParameter(gl.GL_RENDERER)).lower() for name in SOFTWARE_RENDERERS)


def is_drawing(shapes: Any) -> bool:
    """Whether a shape of a layer has been begun and not finished."""
    return bool(shapes._is_creating)  # noqa: SLF001


class CloseGuard(QObject):
    """Asks before the window closes.

    A script that calls ``viewer.close()`` is not asked: napari can't stop half-way there.

    Args:
        viewer: The viewer.
        may_close: Called when somebody closes the window; False keeps it open.
        closes: Called before it closes.
    """

    _may_close: Callable[[], bool] | None

    def __init__(
        self, viewer: Any, may_close: Callable[[], bool], closes: Callable[[], object] = lambda: None
    ) -> None:
        window = main_window(viewer)
        super().__init__(window)
        self._may_close = may_close
        self._closes = closes
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Qt calls this before the window gets an event."""
        # Python may have taken this object apart while Qt still has it.
        may_close = getattr(self, "_may_close", None)
        if event.type() != QEvent.Type.Close or may_close is None:
            return False
        # A script's viewer.close() has hidden the canvas by now.
        if watched._qt_viewer.isHidden() or may_close():  # type: ignore[attr-defined]  # noqa: SLF001
            self._closes()
            return False
        event.ignore()
        return True

    def remove(self) -> None:
        """Stop asking."""
        self._may_close = None
        self.deleteLater()


def qt_viewer_of(viewer: Any) -> Any:
    """The widget of the main viewer."""
    return viewer.window._qt_viewer  # noqa: SLF001


def canvas_of(qt_viewer: Any) -> Any:
    """The canvas of a viewer's widget."""
    return qt_viewer.canvas


def to_scene(canvas: Any, points_px: Any) -> Any:
    """Pixels ``(x, y)`` of a canvas → the world ``(down, across)`` that is drawn there, shape ``(n, 2)``."""
    mapped = canvas.view.scene.transform.imap(np.asarray(points_px, dtype=np.float64))
    return np.asarray(mapped)[:, 1::-1]


def to_canvas(canvas: Any, points: Any) -> Any:
    """The inverse of :func:`to_scene`."""
    mapped = canvas.view.scene.transform.map(np.asarray(points, dtype=np.float64)[:, ::-1])
    return np.asarray(mapped)[:, :2]


LINES_ORDER = 1_000_000
"""After all layers."""


def add_lines(canvas: Any) -> Any:
    """Lines that are drawn over all layers of a canvas; nothing yet."""
    from vispy.scene.visuals import Line

    node = Line(pos=np.zeros((2, 2)), connect="segments", method="gl", parent=canvas.view.scene)
    node.order = LINES_ORDER
    node.set_gl_state("translucent", depth_test=False)
    node.visible = False
    return node


def show_lines(node: Any, points: Any, colors: Any, width_px: float) -> None:
    """Show strokes from each even point to the next one, given as ``(down, across)``."""
    if not len(points):
        node.visible = False
        return
    node.set_data(
        pos=points[:, ::-1].astype(np.float32),
        color=colors.astype(np.float32),
        width=width_px,
        connect="segments",
    )
    node.visible = True


def remove_lines(node: Any) -> None:
    """Take lines off their canvas."""
    node.parent = None


def refresh_slice(layer: Any) -> None:
    """Show the slice of a layer anew after its array changed; nothing else of it did."""
    layer.refresh(extent=False, thumbnail=False, highlight=False)


def further_viewer(*, slider: bool = True) -> tuple[Any, Any]:
    """The model of a further viewer, and its widget: a canvas with its slider, or without."""
    from napari._qt.qt_viewer import QtViewer
    from napari.components import ViewerModel
    from napari.utils.action_manager import action_manager

    model = ViewerModel()
    darken(model)
    # Each widget binds every shortcut anew, and all those that there are follow each of them: 0.3 s.
    with action_manager.events.shortcut_changed.blocker():
        widget = QtViewer(model)
    widget.dims.setVisible(slider)
    return model, widget


def darken(viewer: Any, *, on: bool = True) -> None:
    """Black around the image, whatever the theme: a bright frame takes the eye off what is grey."""
    viewer.canvas.background_color_override = "black" if on else None


def when_resized(canvas: Any, callback: Callable[[Any], None]) -> None:
    """Call a bound method, which is not kept, when what a canvas draws has its new size.

    Qt tells the size before; where things are drawn follows with the next frame.
    """
    canvas._scene_canvas.events.resize.connect(callback, position="last")  # noqa: SLF001


def camera_of(qt_viewer: Any) -> Any:
    """The camera of a viewer's widget."""
    return qt_viewer.viewer.scene.camera


def finish_frames_of(qt_viewer: Any) -> None:
    """The same as :func:`finish_frames` for the canvas of a further viewer."""
    qt_viewer.canvas._scene_canvas.events.draw.connect(_finish_frame, position="last")  # noqa: SLF001
    qt_viewer.viewer.canvas.overlays["_brush_circle"].box = False


def put_beside(viewer: Any, outer: QWidget, inner: Any) -> Callable[[], None]:
    """Put a widget where the main canvas is, and the main canvas into a part of it.

    Args:
        viewer: The napari viewer.
        outer: Takes the place of the main canvas.
        inner: Part of it that the canvas is added to.

    Returns:
        Puts the canvas back.
    """
    qt_viewer = qt_viewer_of(viewer)
    layout: Any = main_window(viewer).centralWidget().layout()
    index = layout.indexOf(qt_viewer)
    initialize = qt_viewer.canvas._scene_canvas.events.initialize  # noqa: SLF001
    initialize.connect(_draw_later_layers_over_earlier_ones)
    inner.addWidget(qt_viewer)
    layout.insertWidget(index, outer)

    def back() -> None:
        # Asked for again: who can put it back must not keep a closed window alive.
        canvas = qt_viewer_of(viewer)
        layout.insertWidget(index, canvas)
        canvas.setVisible(True)
        outer.setParent(None)
        outer.deleteLater()

    return back


def _draw_later_layers_over_earlier_ones(event: Any) -> None:
    """Qt gives a canvas that moves to another parent a new GL context, without what napari has set there."""
    event.source.context.set_depth_func("lequal")


def hide_layer_docks(viewer: Any) -> None:
    """Hide napari's own docks, which a reader has no use for; the menu *Window* brings them back."""
    qt_viewer = qt_viewer_of(viewer)
    for dock in (qt_viewer.dockLayerList, qt_viewer.dockLayerControls):
        dock.setVisible(False)


def stand_left(viewer: Any, widget: QWidget, title: str) -> QDockWidget:
    """Put a widget on the left of the window, in one place with napari's layer controls and before them."""
    window = main_window(viewer)
    dock = QDockWidget(title, window)
    dock.setObjectName(title)
    # Without a button to close it: there would be no way to get it back.
    features = QDockWidget.DockWidgetFeature
    dock.setFeatures(features.DockWidgetMovable | features.DockWidgetFloatable)
    dock.setWidget(widget)
    _put_left(viewer, dock)
    return dock


def move_left(viewer: Any, widget: QWidget) -> None:
    """Move the dock of a widget to the left of the window, where those of :func:`stand_left` are."""
    dock = dock_of(widget)
    if dock is not None:
        _put_left(viewer, dock)


def _put_left(viewer: Any, dock: QDockWidget) -> None:
    window = main_window(viewer)
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
    window.tabifyDockWidget(qt_viewer_of(viewer).dockLayerControls, dock)
    dock.show()
    dock.raise_()
