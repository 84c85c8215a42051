"""What a key is meant for: the open case, the chosen structure, the view under the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medseg.contour import Slice
from medseg.errors import ContourError, LabelMapError
from napari_medseg.binding import Binding
from napari_medseg.case import Case
from napari_medseg.case_slate import CaseSlate
from napari_medseg.views.plane_view import PlaneView

if TYPE_CHECKING:
    from napari_medseg.panel.contouring import ContouringPanel


class InView:
    """Finds what there is in the window of a panel.

    Args:
        panel: The panel of the open case.
    """

    def __init__(self, panel: ContouringPanel) -> None:
        self._panel = panel

    def open_case(self) -> tuple[Case, Binding]:
        """The case and its layers.

        Raises:
            LabelMapError: None is open.
        """
        desk = self._panel.desk
        if desk.case is None or desk.binding is None:
            raise LabelMapError("no case is open", hint="open a DICOM folder or a NIfTI file first")
        return desk.case, desk.binding

    def structure_id(self) -> str:
        """The chosen structure.

        Raises:
            LabelMapError: There is none.
        """
        structure_id = self._panel.contours.structure_id
        if structure_id is None:
            raise LabelMapError("there is no structure", hint="type a name and press Add")
        return structure_id

    def view(self) -> PlaneView:
        """The view that the mouse was over last, as long as it can be seen."""
        binding = self.open_case()[1]
        under_mouse = binding.hand.under_mouse
        return under_mouse if under_mouse is not None and under_mouse.canvas.isVisible() else binding.main

    def slice(self) -> Slice:
        """The slice of the image that it shows.

        Raises:
            ContourError: It shows none, but a plane across several.
        """
        if self.open_case()[1].is_upright:
            raise ContourError(
                "a true anatomical plane is no slice of this image", hint="go back to the slices of the image"
            )
        return self.view().where

    def slate(self) -> CaseSlate:
        """The chosen structure on the plane that it shows."""
        return CaseSlate.of(self.open_case()[0], self.structure_id(), self.view())
