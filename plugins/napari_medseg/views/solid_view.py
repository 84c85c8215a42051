"""The structures in 3-D: their surfaces, turned by the mouse."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from qtpy.QtCore import QObject, QTimer, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QWidget

from medseg.space import AnatomicalOrder, Grid
from medseg.workflows.delineate import Proposal, Solid, solid_of
from napari_medseg.napari_private import finish_frames_of, further_viewer

FIT_SHARE = 0.6
"""Of napari's own fit, which fills the canvas to its edges from another side."""

WAIT_MS = 400
"""Surfaces follow when the reader pauses: the planes come first."""


class SolidView(QObject):
    """A canvas with surfaces, made when it is first shown.

    Args:
        grid: The grid of the image.

    Attributes:
        hidden: Ids of the structures that are not shown.
    """

    _made = Signal(object)

    def __init__(self, grid: Grid) -> None:
        super().__init__()
        self._grid = grid
        self._order = AnatomicalOrder.of(grid)
        self._viewer, widget = further_viewer(slider=False)
        finish_frames_of(widget)
        self._viewer.dims.ndisplay = 3
        self._layers: dict[str, Any] = {}
        self._proposal: Proposal | None = None
        self._running: Future[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="medseg-surfaces")
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(WAIT_MS)
        self._timer.timeout.connect(self._begin)
        self._made.connect(self._show)
        self.hidden: frozenset[str] = frozenset()
        self.widget: QWidget = widget

    @property
    def viewer(self) -> Any:
        """The model of its viewer."""
        return self._viewer

    def follow(self, proposal: Proposal) -> None:
        """Show the surfaces of a proposal, soon."""
        self._proposal = proposal
        self._timer.start()

    def hide(self, structure_ids: frozenset[str]) -> None:
        """Show all structures but these."""
        self.hidden = structure_ids
        for structure_id, layer in self._layers.items():
            layer.visible = structure_id not in structure_ids

    def stop(self) -> None:
        """End; waits for a surface that is being made."""
        self._timer.stop()
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._viewer.layers.clear()
        self._layers.clear()
        self.widget.close()

    def _begin(self) -> None:
        if not self.widget.isVisible():
            return
        if self._running is not None or self._proposal is None:
            return
        self._running = self._thread.submit(self._work, self._proposal)

    def _work(self, proposal: Proposal) -> None:
        solids: list[Solid] | Exception
        try:
            made = (solid_of(proposal, s.id) for s in proposal.delineation.structures)
            solids = [solid for solid in made if solid is not None]
        except Exception as error:  # noqa: BLE001 - raised again in the window's thread
            solids = error
        try:
            self._made.emit((proposal, solids))
        except RuntimeError:
            # The window was closed meanwhile: Qt has taken the signal apart.
            return

    def _show(self, made: tuple[Proposal, list[Solid] | Exception]) -> None:
        proposal, solids = made
        self._running = None
        if isinstance(solids, Exception):
            raise solids
        gone = set(self._layers) - {solid.structure_id for solid in solids}
        for structure_id in gone:
            self._viewer.layers.remove(self._layers.pop(structure_id))
        first = not self._layers
        for solid in solids:
            self._show_one(solid, proposal.delineation.structure(solid.structure_id).color)
        if first and self._layers:
            self.look_from_the_front()
        if proposal is not self._proposal:
            self._timer.start()

    def _show_one(self, solid: Solid, color: str) -> None:
        spacing = self._order.spacing_mm(self._grid)
        vertices = self._order.to_anatomical(self._grid.to_index(solid.vertices_lps_mm)) * spacing
        data = (vertices.astype(np.float32), solid.triangles, np.ones(len(vertices), np.float32))
        layer = self._layers.get(solid.structure_id)
        if layer is None:
            layer = self._viewer.add_surface(
                data,
                shading="smooth",
                colormap=_plain(color),
                opacity=0.8,
                contrast_limits=(0, 1),
                units="mm",
            )
            self._layers[solid.structure_id] = layer
        else:
            layer.data = data
            layer.colormap = _plain(color)
        layer.visible = solid.structure_id not in self.hidden

    def look_from_the_front(self) -> None:
        """The patient's head up, right on the left."""
        self._viewer.reset_view()
        camera = self._viewer.scene.camera
        camera.set_view_direction(view_direction=(0, 1, 0), up_direction=(1, 0, 0))
        camera.zoom *= FIT_SHARE


def _plain(color: str) -> Any:
    from napari.utils.colormaps import Colormap

    rgb = [int(color[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    return Colormap([[*rgb, 1.0], [*rgb, 1.0]], name=color)
