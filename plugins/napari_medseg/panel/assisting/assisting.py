"""Ask a segmenter about the open case, show what it proposes, and take over what the reader wants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path

import numpy as np
from qtpy.QtWidgets import QFileDialog, QWidget

from medseg.contour import Contour, Slice
from medseg.errors import ContourError, LabelMapError
from medseg.labelmap import fill
from medseg.progress import Progress
from medseg.workflows.delineate import (
    Asked,
    Delineation,
    Question,
    ask_segmenter,
    with_proposed,
    with_proposed_on,
    without_on,
)
from medseg.workflows.segmenters import Hint, OpenBundle, Proposal, Segmenter, missing_hints, usable
from medseg.workflows.structure_edits import added
from napari_medseg.case import Case
from napari_medseg.hints import HintBoard
from napari_medseg.napari_private import main_window
from napari_medseg.panel.assisting.section import AssistSection
from napari_medseg.panel.contour_section import ContourSection
from napari_medseg.panel.desk import Desk
from napari_medseg.tools.tool import Slate
from napari_medseg.views.offered_lines import hint_lines, offered_lines, resampled
from napari_medseg.views.outlines import HINTS, OFFERED
from napari_medseg.views.plane_lines import Polyline
from napari_medseg.views.plane_view import PlaneView

MM3_IN_ML = 1000.0


@dataclass(frozen=True, eq=False)
class Offered:
    """What a segmenter proposes, until the reader has taken over what he wants of it.

    Attributes:
        proposal: On the grid of the image.
        notes: How it came about, for the record.
        shown: The same on the grid that is shown.
    """

    proposal: Proposal
    notes: tuple[str, ...]
    shown: Proposal


class Assisting:
    """Brings segmenters, hints and proposals together.

    Args:
        desk: The desk of the panel.
        section: The tab.
        contours: Knows the chosen structure.

    Attributes:
        hints: What is pointed out.
        offered: What is proposed now; None where nothing is.
        ask_for_bundle: Asks for the folder of a bundle.
    """

    def __init__(self, desk: Desk, section: AssistSection, contours: ContourSection) -> None:
        self._desk = desk
        self._section = section
        self._contours = contours
        self._segmenters: list[Segmenter] = []
        self._bundles: list[OpenBundle] = []
        self._chosen = 0
        self._case: Case | None = None
        self.hints: HintBoard = desk.box.hints
        self.offered: Offered | None = None
        self.ask_for_bundle = ask_for_folder
        self._asking: tuple[object, ...] = ()
        self.hints.subscribe(self._show)
        desk.box.ball.drawn = self._on_ball
        desk.box.take_over.take = self._take_over
        desk.box.take_over.leave = self._leave_out
        desk.background.busy_changed.connect(self._on_busy)
        section.first_shown.connect(self.load)
        section.chosen.connect(self.choose)
        section.bundle_asked.connect(self._choose_bundle)
        section.forget_asked.connect(self.hints.clear)
        self.refresh()

    @property
    def segmenter(self) -> Segmenter | None:
        """The chosen one."""
        self.load()
        return self._segmenters[self._chosen] if self._segmenters else None

    def load(self) -> None:
        """Load the segmenters that are installed; one that can't be loaded is told."""
        if self._segmenters:
            return
        good, bad = usable()
        self._segmenters = list(good)
        for one in bad:
            self._desk.messages.warn(f"{one.name} of {one.origin} can't be used: {one.why}")
        self._show_segmenters()

    def choose(self, number: int) -> None:
        """Choose a segmenter by its number in the list."""
        self._chosen = number
        self._section.show_parameters(self._segmenters[number].parameters)
        self.refresh()

    def choose_named(self, name: str) -> None:
        """Choose a segmenter by its name."""
        self.load()
        number = next(n for n, one in enumerate(self._segmenters) if one.name == name)
        self._section.method.setCurrentIndex(number)
        self.choose(number)

    def open_bundle(self, path: Path) -> None:
        """Open a MONAI bundle and choose it.

        Raises:
            InputError: It is none, or is not to be trusted.
        """
        self.load()
        for bundle in self._bundles:
            if bundle.path == path:
                self.choose_named(bundle.segmenter.name)
                return
        bundle = OpenBundle(path)
        self._bundles.append(bundle)
        self._segmenters.append(bundle.segmenter)
        self._chosen = len(self._segmenters) - 1
        self._show_segmenters()

    def ask(self) -> None:
        """Let the chosen segmenter propose, in the background; while it is at just that, nothing."""
        case = self._open_case()
        case.require_editable()
        segmenter = self.segmenter
        if segmenter is None:
            return
        asked_for = self._asked_for(case, segmenter)
        settings = self._section.settings.values
        hints = self.hints.points, self.hints.sphere
        asking = (case.delineation, segmenter, asked_for, hints, settings)
        if self._desk.background.busy and asking == self._asking:
            return
        self._asking = asking
        self._desk.messages.clear()
        question = Question(
            case.volume, case.delineation, segmenter, asked_for, *hints, self._desk.proposal, settings
        )
        self._desk.background.run(segmenter.title, partial(_ask, question), partial(self._show_answer, case))

    def discard(self) -> None:
        """Do away with the proposal; where there is none, with the hints."""
        if self.offered is None:
            self.hints.clear()
        self.offered = None
        self._show()

    def accept_slice(self, where: Slice) -> None:
        """Take over what is proposed on a slice.

        Raises:
            ContourError: Nothing is, or nothing new.
        """
        offered, case = self._require_offered(), self._open_case()
        after = with_proposed_on(
            case.delineation, offered.proposal, where, case.placements, notes=offered.notes
        )
        case.edit("accept proposed slice", after)

    def accept_all(self) -> None:
        """Take over all that is proposed, in the background: a large organ takes a moment."""
        offered, case = self._require_offered(), self._open_case()
        case.require_editable()
        work = partial(_accepted, case.delineation, offered, case)
        self._desk.background.run("Taking over", work, partial(self._accept, case))

    def show_case(self) -> None:
        """Begin with another case; on other planes of the same one all stays."""
        offered, self.offered = self.offered, None
        if self._desk.case is not self._case:
            self._case = self._desk.case
            self.hints.clear()
        elif offered is not None:
            self.offered = self._offered(offered.proposal, offered.notes)
        if self._desk.binding is not None:
            self._desk.binding.set_assist_lines(self.lines)
        self.refresh()

    def stop(self) -> None:
        """The window is about to close: the processes of bundles end."""
        for bundle in self._bundles:
            bundle.close()
        self._bundles.clear()

    def refresh(self) -> None:
        """Show how far things are."""
        case, structure_id = self._desk.case, self._contours.structure_id
        self._section.setEnabled(case is not None)
        segmenter = self._segmenters[self._chosen] if self._segmenters else None
        if case is None or segmenter is None:
            self._section.show_state("", "", may_ask=False, has_hints=False)
            return
        may_ask = not self._desk.background.busy and not case.is_locked
        self._section.show_state(
            self._what_it_needs(case, segmenter, structure_id),
            self._what_it_found(case),
            may_ask=may_ask,
            has_hints=not self.hints.is_empty,
        )

    def lines(self, view: PlaneView, hidden: frozenset[str]) -> Mapping[str, list[Polyline]]:
        """What to show on a view, by group of lines."""
        case = self._desk.case
        if case is None:
            return {}
        shown = [structure for structure in case.structures if structure.id not in hidden]
        offered = [] if self.offered is None else offered_lines(self.offered.shown, shown, view)
        return {
            OFFERED: offered,
            HINTS: hint_lines(self.hints.points, self.hints.sphere, case.structures, view),
        }

    def _asked_for(self, case: Case, segmenter: Segmenter) -> tuple[str, ...]:
        """What is to be proposed: the chosen structure, those pointed out, or all that a bundle finds."""
        bundle = next((one for one in self._bundles if one.segmenter is segmenter), None)
        if bundle is not None and len(bundle.structures) > 1:
            self._add_missing(case, bundle)
            return tuple(structure.id for structure in bundle.structures)
        chosen = self._contours.structure_id
        if chosen is None:
            if bundle is None or not bundle.structures:
                raise LabelMapError("there is no structure", hint="type a name and press Add")
            self._add_missing(case, bundle)
            return (bundle.structures[0].id,)
        clicked = (point.structure_id for point in self.hints.points)
        others = [one for one in dict.fromkeys(clicked) if one not in (None, chosen)]
        competes = Hint.BACKGROUND in segmenter.needs
        return (chosen, *(one for one in others if one is not None and competes))

    def _add_missing(self, case: Case, bundle: OpenBundle) -> None:
        """Add the structures that a bundle finds, as far as the case has none of their ids."""
        after = case.delineation
        for structure in bundle.structures:
            if structure.id not in {one.id for one in after.structures}:
                after = added(after, structure.name)
        case.edit("add the structures of a bundle", after)

    def _show_answer(self, case: Case, asked: Asked) -> None:
        if case is not self._desk.case or self._desk.binding is None:
            return
        proposal = asked.proposal
        self.offered = self._offered(proposal, asked.notes)
        if not any(mask.any() for mask in proposal.masks.values()):
            self.offered = None
            self._desk.messages.warn("Nothing was found.", *proposal.remarks)
        elif proposal.remarks:
            self._desk.messages.inform(" ".join(proposal.remarks))
        self._show()

    def _offered(self, proposal: Proposal, notes: tuple[str, ...]) -> Offered:
        """A proposal as the views show it."""
        case, binding = self._open_case(), self._desk.binding
        own, shown = case.volume.grid, case.volume.grid if binding is None else binding.grid
        return Offered(proposal, notes, proposal if shown is own else resampled(proposal, own, shown))

    def _accept(self, case: Case, made: tuple[Delineation, Delineation]) -> None:
        before, after = made
        if case.delineation is not before:
            raise ContourError("something was drawn meanwhile", hint="accept it again")
        case.edit("accept proposal", after)
        self.offered = None
        self.hints.clear()
        self._show()

    def _take_over(self, slate: Slate, stroke: tuple[Contour, ...]) -> None:
        offered, case = self._require_offered(), self._open_case()
        where = _slice_of(slate)
        within = fill(stroke, case.volume.grid, where)
        after = with_proposed_on(
            case.delineation, offered.proposal, where, case.placements, within=within, notes=offered.notes
        )
        case.edit("take over by brush", after)

    def _leave_out(self, slate: Slate, stroke: tuple[Contour, ...]) -> None:
        offered, case = self._require_offered(), self._open_case()
        where = _slice_of(slate)
        proposal = without_on(offered.proposal, where, fill(stroke, case.volume.grid, where))
        self.offered = self._offered(proposal, offered.notes)
        self._show()

    def _on_ball(self) -> None:
        """Who needs nothing but a ball proposes when there is one."""
        case, segmenter = self._desk.case, self.segmenter
        if case is None or case.is_locked or self._desk.background.busy or segmenter is None:
            return
        if segmenter.needs == {Hint.SPHERE} and self._contours.structure_id is not None:
            self._desk.attempt(self.ask)

    def _require_offered(self) -> Offered:
        if self.offered is None:
            raise ContourError("nothing is proposed", hint="choose a segmenter and press Propose")
        return self.offered

    def _open_case(self) -> Case:
        if self._desk.case is None:
            raise LabelMapError("no case is open", hint="open a DICOM folder or a NIfTI file first")
        return self._desk.case

    def _choose_bundle(self) -> None:
        path = self.ask_for_bundle(main_window(self._desk.viewer))
        if path is not None:
            self._desk.attempt(partial(self.open_bundle, path))

    def _show_segmenters(self) -> None:
        titles = [segmenter.title for segmenter in self._segmenters]
        self._section.show_segmenters(titles, self._chosen)
        if self._segmenters:
            self.choose(self._chosen)

    def _what_it_needs(self, case: Case, segmenter: Segmenter, structure_id: str | None) -> str:
        name = case.structure(structure_id).name if structure_id else ""
        whom = f"For <b>{escape(name)}</b>. " if name else ""
        drawn = bool(structure_id and case.contours.of(structure_id))
        missing = missing_hints(
            segmenter, self.hints.points, self.hints.sphere, drawn=drawn or self._is_there(case, structure_id)
        )
        return f"{whom}Still needed: {' and '.join(missing)}." if missing else whom

    def _is_there(self, case: Case, structure_id: str | None) -> bool:
        return structure_id is not None and case.delineation.came_as_voxels(structure_id)

    def _what_it_found(self, case: Case) -> str:
        if self.offered is None:
            return ""
        names = {structure.id: structure.name for structure in case.structures}
        voxel_ml = case.volume.grid.voxel_volume_mm3 / MM3_IN_ML
        found = [
            f"<b>{escape(names[one])}</b> {np.count_nonzero(mask) * voxel_ml:.2f} ml"
            for one, mask in self.offered.proposal.masks.items()
            if one in names
        ]
        return f"Proposed: {', '.join(found)}. Nothing of it is saved until it is accepted."

    def _show(self) -> None:
        """Show what is pointed out and proposed now, in the tab and on the views."""
        self.refresh()
        if self._desk.binding is not None:
            self._desk.binding.show_outlines()

    def _on_busy(self, _busy: bool) -> None:  # noqa: FBT001 - Qt's signal passes it
        self.refresh()


def ask_for_folder(parent: QWidget) -> Path | None:
    """Ask for the folder of a bundle; None where the reader thinks better of it."""
    name = QFileDialog.getExistingDirectory(parent, "The folder of a MONAI bundle")
    return Path(name) if name else None


def _ask(question: Question, progress: Progress) -> Asked:
    return ask_segmenter(question, progress)


def _accepted(
    before: Delineation, offered: Offered, case: Case, _progress: Progress
) -> tuple[Delineation, Delineation]:
    return before, with_proposed(before, offered.proposal, case.volume.grid, notes=offered.notes)


def _slice_of(slate: Slate) -> Slice:
    where = slate.where
    if not isinstance(where, Slice):
        raise ContourError(
            "a true anatomical plane is no slice of this image", hint="go back to the slices of the image"
        )
    return where
