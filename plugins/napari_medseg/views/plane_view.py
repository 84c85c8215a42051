"""One canvas that shows one plane of the image, and where its pixels lie in the patient."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from qtpy.QtWidgets import QWidget

from medseg.contour import Slice
from medseg.space import AnatomicalOrder, Grid, Plane
from napari_medseg.napari_private import canvas_of, to_canvas, to_scene, when_resized
from napari_medseg.views.plane_lines import PlaneLines

Points = npt.NDArray[np.float64]


class PlaneView:
    """A plane on a canvas.

    The world of a canvas counts mm along the display axes: superior, posterior, left.

    Args:
        viewer: A napari viewer, or the model of one.
        qt_viewer: Its widget.
        grid: The grid whose slices it shows.
    """

    def __init__(self, viewer: Any, qt_viewer: Any, grid: Grid) -> None:
        self.viewer = viewer
        self.grid = grid
        # A case outlives its window: it must not keep the canvas.
        self._qt_viewer = weakref.ref(qt_viewer)
        self._order = AnatomicalOrder.of(grid)
        self._spacing_mm = np.array(self._order.spacing_mm(grid))
        self.lines = PlaneLines(lambda: self._canvas)

    @property
    def _canvas(self) -> Any:
        return canvas_of(self._qt_viewer())

    @property
    def canvas(self) -> QWidget:
        """The widget that gets the events of mouse and keys."""
        return self._canvas.native  # type: ignore[no-any-return]

    @property
    def axis(self) -> int:
        """The display axis that the plane lies across: 0 axial, 1 coronal, 2 sagittal."""
        return int(self.viewer.dims.order[0])

    @property
    def position(self) -> tuple[int, int, int]:
        """The indices along the display axes of the point that is in view."""
        # Without its layers, for a moment, a viewer has two axes.
        steps = (0, *self.viewer.dims.current_step)
        first, second, third = (int(step) for step in steps[-3:])
        return first, second, third

    @property
    def where(self) -> Slice:
        """The slice of the grid that is shown."""
        array_axis = self._order.axes[self.axis]
        index = self.position[self.axis]
        last = self.grid.shape_kji[array_axis] - 1
        return Slice(array_axis, last - index if self._order.flipped[self.axis] else index)

    @property
    def last_index(self) -> int:
        """The last index of the slider."""
        return self.grid.shape_kji[self._order.axes[self.axis]] - 1

    @property
    def is_flipped(self) -> bool:
        """Whether the array's index falls where the slider's grows."""
        return self._order.flipped[self.axis]

    @property
    def plane(self) -> Plane:
        """The plane that is shown, in patient space."""
        where = self.where
        return self.grid.plane(where.axis, where.index)

    @property
    def mm_per_px(self) -> float:
        """How much of the patient a pixel of the screen shows."""
        # Not from where things are drawn: that follows only with the next frame.
        return 1.0 / float(self.viewer.scene.camera.zoom)

    def to_plane_mm(self, x_px: float, y_px: float) -> tuple[float, float]:
        """The point ``(u, v)`` of the plane, in mm, that is drawn at a pixel."""
        lps_mm = self.lps_of(to_scene(self._canvas, [(x_px, y_px)]))
        u, v = self.plane.to_plane_mm(lps_mm)[0]
        return float(u), float(v)

    def to_px(self, points_uv_mm: npt.ArrayLike) -> Points:
        """The pixels ``(x, y)`` at which points of the plane are drawn, shape ``(n, 2)``."""
        world = self.world_of(self.plane.to_lps_mm(points_uv_mm))
        return np.asarray(to_canvas(self._canvas, world))

    def world_to_px(self, world_mm: npt.ArrayLike) -> Points:
        """Where points ``(down, across)`` of the view are drawn: pixels ``(x, y)``, shape ``(n, 2)``."""
        return np.asarray(to_canvas(self._canvas, world_mm))

    def world_of(self, points_lps_mm: npt.ArrayLike) -> Points:
        """Points of the patient as ``(down, across)`` in the view, shape ``(n, 2)``."""
        display = self._order.to_anatomical(self.grid.to_index(points_lps_mm)) * self._spacing_mm
        return np.asarray(np.delete(display, self.axis, axis=-1))

    def lps_at(self, x_px: float, y_px: float) -> Points:
        """The point of the patient that is drawn at a pixel, shape ``(3,)``."""
        return np.asarray(self.lps_of(to_scene(self._canvas, [(x_px, y_px)]))[0])

    def lps_of(self, world_mm: npt.ArrayLike) -> Points:
        """Points ``(down, across)`` of the view as points of the plane in the patient, shape ``(n, 3)``."""
        world = np.atleast_2d(np.asarray(world_mm, dtype=np.float64))
        here = self.position[self.axis] * self._spacing_mm[self.axis]
        display = np.insert(world, self.axis, here, axis=1) / self._spacing_mm
        return self.grid.to_lps_mm(self._order.to_kji(display))

    def position_at(self, x_px: float, y_px: float) -> tuple[int, int, int]:
        """The nearest indices along the display axes to what is drawn at a pixel."""
        world = to_scene(self._canvas, [(x_px, y_px)])[0]
        here = self.position[self.axis] * self._spacing_mm[self.axis]
        display = np.rint(np.insert(world, self.axis, here) / self._spacing_mm)
        last = [self.grid.shape_kji[axis] - 1 for axis in self._order.axes]
        first, second, third = (int(n) for n in np.clip(display, 0, last))
        return first, second, third

    def when_resized(self, callback: Callable[[Any], None]) -> None:
        """Call a bound method, which is not kept, after the canvas got another size."""
        when_resized(self._canvas, callback)

    def pan(self, dx_px: float, dy_px: float) -> None:
        """Move what is in view by so many pixels."""
        (y0, x0), (y1, x1) = to_scene(self._canvas, [(0.0, 0.0), (dx_px, dy_px)])
        down, across = self._centre
        self._centre = down - (y1 - y0), across - (x1 - x0)

    def zoom(self, factor: float, x_px: float, y_px: float) -> None:
        """Magnify; what is drawn at a pixel stays there."""
        fixed = to_scene(self._canvas, [(x_px, y_px)])[0]
        down, across = fixed + (np.array(self._centre) - fixed) / factor
        self.viewer.scene.camera.zoom *= factor
        self._centre = down, across

    @property
    def _centre(self) -> tuple[float, float]:
        down, across = self.viewer.scene.camera.center[-2:]
        return float(down), float(across)

    @_centre.setter
    def _centre(self, centre: tuple[float, float]) -> None:
        self.viewer.scene.camera.center = (0.0, *centre)

    def step(self, count: int) -> None:
        """Go some slices on."""
        index = min(max(self.position[self.axis] + count, 0), self.last_index)
        self.viewer.dims.set_current_step(self.axis, index)
