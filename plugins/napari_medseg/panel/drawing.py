"""What the contour section's buttons do."""

from __future__ import annotations

from functools import partial

from medseg.errors import ContourError, LabelMapError
from medseg.workflows.interpolate import Suggestion
from napari_medseg.binding import Binding
from napari_medseg.case import Case, Result
from napari_medseg.completing import Accepted, Snapshot, all_accepted, suggested
from napari_medseg.panel.contour_section import ContourSection
from napari_medseg.panel.desk import Desk
from napari_medseg.places import Target

MM3_IN_ML = 1000.0


class Drawing:
    """Draws, deletes and completes contours."""

    def __init__(self, desk: Desk, section: ContourSection) -> None:
        self._desk = desk
        self._section = section
        section.delete_asked.connect(self.delete_contours)
        section.slice_chosen.connect(self.show_place)
        section.structure_chosen.connect(self.choose)
        section.interpolate_asked.connect(self.interpolate)
        section.draw_next_asked.connect(self.draw_next)
        section.image_help_changed.connect(self._let_image_help)
        desk.messages.place_asked.connect(self.show_place)

    def draw(self, *, on: bool) -> None:
        """Let the next clicks draw polygons of the chosen structure, or stop that."""
        self._desk.attempt(self._start_drawing if on else self._stop_drawing)

    def delete_contours(self) -> None:
        """Delete all contours of the chosen structure on this slice."""
        self._desk.attempt(self._delete_contours)

    def interpolate(self) -> None:
        """Complete all structures between their contours, and accept it."""
        case = self._desk.case
        if case is not None:
            self._desk.messages.clear()
            work = partial(all_accepted, Snapshot.of(case))
            self._desk.background.run("Interpolating", work, partial(self._accept, case))

    def draw_next(self) -> None:
        """Go to the plane on which a contour of the chosen structure would tell most."""
        case, structure_id = self._desk.case, self._section.structure_id
        if case is not None and structure_id is not None:
            self._desk.messages.clear()
            work = partial(suggested, Snapshot.of(case), structure_id)
            done = partial(self._show_suggestion, case, structure_id)
            self._desk.background.run("Looking for a plane", work, done)

    def show_place(self, target: Target) -> None:
        """Go to a slice, or to a point."""
        if self._desk.binding is not None:
            self._desk.binding.show(target)

    def choose(self) -> None:
        """Draw the structure that is chosen from now on."""
        binding = self._desk.binding
        if binding is not None and binding.hand.structure_id != self._section.structure_id:
            binding.hand.finish()
            binding.hand.structure_id = self._section.structure_id

    def _start_drawing(self) -> None:
        case, binding = self._open()
        case.require_editable()
        self._desk.messages.clear()
        binding.hand.structure_id = self._chosen()
        self._desk.box.take(self._desk.box.polygon)

    def _stop_drawing(self) -> None:
        self._open()[1].stop_drawing()

    def _delete_contours(self) -> None:
        case, binding = self._open()
        structure_id = self._chosen()
        contours = binding.contours_in_view(structure_id)
        if not contours:
            name = case.structure(structure_id).name
            raise ContourError(f"{name} has no contour on this slice", hint="go to a contoured slice")
        case.edit_contours(structure_id, contours, (), "delete")

    def _let_image_help(self, on: bool) -> None:  # noqa: FBT001 - Qt's signal passes it
        if self._desk.case is not None:
            self._desk.case.image_may_help = on

    def _accept(self, case: Case, accepted: Accepted) -> None:
        if case.delineation is not accepted.before:
            # Drawn on meanwhile: what was drawn counts, too.
            self.interpolate()
            return
        case.edit("accept all", accepted.after)
        case.accept_result(accepted.result)
        about_image = _about_image(accepted.result)
        warnings = [note for note in accepted.remarks if note not in about_image]
        if warnings:
            self._desk.messages.warn(*warnings, *about_image)
        else:
            done = "Accepted. Scroll through it, and redraw where it is wrong."
            self._desk.messages.confirm(done, *about_image)

    def _show_suggestion(self, case: Case, structure_id: str, suggestions: list[Suggestion]) -> None:
        if self._desk.case is not case:
            return
        name = case.structure(structure_id).name
        if not suggestions:
            self._desk.messages.inform(f"{name}: nothing is uncertain any more.")
            return
        best = suggestions[0]
        self.show_place(best.where)
        settles_ml = best.settles_mm3 / MM3_IN_ML
        self._desk.messages.inform(
            f"{name}: a contour on {best.where} would tell most, as {best.reason}. "
            f"It should put about {settles_ml:.2g} ml right."
        )

    def _open(self) -> tuple[Case, Binding]:
        if self._desk.case is None or self._desk.binding is None:
            raise LabelMapError("no case is open", hint="open a DICOM folder or a NIfTI file first")
        return self._desk.case, self._desk.binding

    def _chosen(self) -> str:
        structure_id = self._section.structure_id
        if structure_id is None:
            raise LabelMapError("there is no structure to draw", hint="type a name and press Add")
        return structure_id


def _about_image(result: Result) -> list[str]:
    """What the notes say of the image: news, where everything else is a warning."""
    named = {
        f"{s.name}: {result.completed[s.id].image_reason}"
        for s in result.label_map.structures
        if s.id in result.completed
    }
    return [note for note in result.notes if note in named]
