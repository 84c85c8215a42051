"""One structure's contours on slices as a napari Shapes layer, kept in step with the case both ways."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from medseg.contour import Contour, Slice, place
from medseg.errors import ContourError, LockedError, MedsegError
from napari_medseg.case import Case
from napari_medseg.coordinates import contour_from_vertices, vertices_of
from napari_medseg.display import METADATA_KEY, placement
from napari_medseg.later import later
from napari_medseg.mode_guard import PAN_ZOOM, ModeGuard
from napari_medseg.napari_private import is_drawing

if TYPE_CHECKING:
    from collections.abc import Iterator

ADD_POLYGON = "add_polygon"

POLYGON_MODES = (
    "add_polygon", "add_polygon_lasso", "add_rectangle", "select", "direct", "vertex_insert", "vertex_remove",
)  # fmt: skip
"""The modes that leave every shape a closed polygon with its vertices on the outline."""

LINE_WIDTH_MM = 1.4
"""Mean width of an outline. napari counts it in voxels, so that it is wider along the longer edge of one."""

HOLE_COLOR = "#ffffff"
"""Holes are white: an outline in the structure's colour always has the structure on its inner side."""

FINISHED_CHANGES = ("added", "changed", "removed")
"""napari also tells of changes that are about to come, which are none yet."""


class ContourLayer:
    """The layer of one structure.

    Args:
        viewer: The napari viewer.
        case: The case.
        structure_id: The structure.
        tell: Shows an error.
    """

    def __init__(
        self, viewer: Any, case: Case, structure_id: str, tell: Callable[[MedsegError], None]
    ) -> None:
        self._case = case
        self._structure = case.structure(structure_id)
        self._tell = tell
        self._on_screen: list[tuple[npt.NDArray[np.float64], bool, Contour]] = []
        self._listening = True
        self._hole = False
        self._line_width = self._line_width_on(0)
        self.layer: Any = viewer.add_shapes(
            [],
            ndim=3,
            name=self._structure.name,
            shape_type="polygon",
            features={"hole": np.zeros(0, dtype=bool)},
            feature_defaults={"hole": False},
            edge_color=self._structure.color,
            edge_width=self._line_width,
            face_color="transparent",
            opacity=1.0,
            metadata={METADATA_KEY: case},
            **placement(case.volume.grid),
        )
        self.layer.current_edge_color = self._structure.color
        self.layer.current_face_color = "transparent"
        self.layer.current_edge_width = self._line_width
        self._guard = ModeGuard(self.layer, self._refusal, tell)
        self.layer.events.data.connect(self._on_data)
        self.show()

    @property
    def structure_id(self) -> str:
        """The structure."""
        return self._structure.id

    def draw_polygon(self, *, hole: bool) -> None:
        """Let the next clicks draw a polygon."""
        self._set_hole(hole)
        self.layer.mode = ADD_POLYGON

    def stop_drawing(self) -> None:
        """Move the view again; a polygon that was begun is closed."""
        self.layer.mode = PAN_ZOOM

    def finish_on_this_slice(self) -> None:
        """Close a polygon that was begun, because the view moves to another slice."""
        if is_drawing(self.layer):
            mode = self.layer.mode
            self.layer.mode = PAN_ZOOM
            self.layer.mode = mode

    def fit_plane(self, axis: int) -> None:
        """Choose the width of the outlines for the plane across a display axis."""
        self._line_width = self._line_width_on(axis)
        with self._not_listening():
            self.layer.edge_width = self._line_width
            self.layer.current_edge_width = self._line_width

    def selected_contours(self) -> list[Contour]:
        """The contours that are selected in the layer."""
        return [self._on_screen[i][2] for i in sorted(self.layer.selected_data) if i < len(self._on_screen)]

    def show(self) -> None:
        """Show the contours of the case, if the layer shows others."""
        if {id(c) for _, _, c in self._on_screen} != {id(c) for c in self._on_slices()}:
            self._show_all()

    def _on_slices(self) -> list[Contour]:
        """The contours that can be shown: what lies on no slice of the image stays in the case alone."""
        grid = self._case.volume.grid
        return [c for c in self._case.contours.of(self.structure_id) if isinstance(place(c, grid), Slice)]

    def _show_all(self) -> None:
        entries = [(vertices_of(c, self._case.volume.grid), c.hole, c) for c in self._on_slices()]
        with self._not_listening():
            self.layer.selected_data = set()
            self.layer.remove(list(range(self.layer.nshapes)))
            if entries:
                self.layer.add(
                    [vertices for vertices, _, _ in entries],
                    shape_type="polygon",
                    edge_color=[self._edge_color(hole) for _, hole, _ in entries],
                    edge_width=self._line_width,
                    face_color="transparent",
                )
                self.layer.features = {"hole": np.array([hole for _, hole, _ in entries])}
                self._set_hole(self._hole)
        self._on_screen = [(self._vertices(i), hole, c) for i, (_, hole, c) in enumerate(entries)]

    def _on_data(self, event: Any) -> None:
        action = getattr(event.action, "value", event.action)
        if self._listening and str(action) in FINISHED_CHANGES:
            try:
                self._take_over()
            except MedsegError as error:
                self._tell(error)
                # Later: napari has to finish with the shape that it is about to lose.
                later(self._show_all)

    def _take_over(self) -> None:
        """Bring what was drawn, moved or deleted in the layer to the case."""
        holes = self.layer.features["hole"].to_numpy(dtype=bool, na_value=False)
        before = {(vertices.tobytes(), hole): contour for vertices, hole, contour in self._on_screen}
        entries = []
        for number in range(self.layer.nshapes):
            vertices, hole = self._vertices(number), bool(holes[number])
            contour = before.get((vertices.tobytes(), hole))
            if contour is None:
                contour = contour_from_vertices(
                    vertices, self._case.volume.grid, self.structure_id, hole=hole
                )
            entries.append((vertices, hole, contour))
        old, new = ({id(c): c for _, _, c in table} for table in (self._on_screen, entries))
        removed = [contour for key, contour in old.items() if key not in new]
        added = [contour for key, contour in new.items() if key not in old]
        if removed or added:
            screen = self._on_screen
            self._on_screen = entries
            try:
                self._case.edit_contours(self.structure_id, removed, added)
            except MedsegError:
                self._on_screen = screen
                raise

    def _vertices(self, number: int) -> npt.NDArray[np.float64]:
        return np.array(self.layer.data[number], dtype=np.float64)

    def _set_hole(self, hole: bool) -> None:  # noqa: FBT001
        self._hole = hole
        self.layer.selected_data = set()
        self.layer.feature_defaults = {"hole": hole}
        self.layer.current_edge_color = self._edge_color(hole)

    def _line_width_on(self, axis: int) -> float:
        spacing = placement(self._case.volume.grid)["scale"]
        down_mm, across_mm = (mm for other, mm in enumerate(spacing) if other != axis)
        return float(LINE_WIDTH_MM / np.sqrt(down_mm * across_mm))

    def _edge_color(self, hole: bool) -> str:  # noqa: FBT001
        return HOLE_COLOR if hole else self._structure.color

    def _refusal(self, mode: str) -> MedsegError | None:
        if mode == PAN_ZOOM:
            return None
        try:
            self._case.require_editable()
        except LockedError as error:
            return error
        if mode not in POLYGON_MODES:
            return ContourError(
                "contours are polygons, which this tool does not draw", hint="use Draw polygon in the panel"
            )
        return None

    @contextmanager
    def _not_listening(self) -> Iterator[None]:
        self._listening = False
        try:
            yield
        finally:
            self._listening = True
