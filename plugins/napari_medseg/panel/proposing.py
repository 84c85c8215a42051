"""What keys do with proposals: take them over, or give them back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from medseg.errors import ContourError, MedsegError
from medseg.workflows.delineate import Proposal, accepted, proposed_anew
from napari_medseg.panel.in_view import InView
from napari_medseg.places_to_go import gap_around

if TYPE_CHECKING:
    from napari_medseg.panel.contouring import ContouringPanel


class Proposing:
    """Accepts what the engine proposes.

    Args:
        panel: The panel of the open case.
        in_view: What there is in its window.
    """

    def __init__(self, panel: ContouringPanel, in_view: InView) -> None:
        self._panel = panel
        self._in_view = in_view
        self.actions: dict[str, Callable[[], object]] = {
            "accept-slice": self.accept_slice,
            "accept-gap": self.accept_gap,
            "accept-all": self.accept_all,
            "draw-next": panel.drawing.draw_next,
            "propose-anew": self.propose_anew,
        }

    def accept_slice(self) -> None:
        """Take over what is proposed of the chosen structure on the slice under the mouse.

        What a segmenter proposes goes before what the engine does: it is what the reader asked for last.
        """
        case, _ = self._in_view.open_case()
        if self._panel.assisting.offered is not None:
            self._panel.assisting.accept_slice(self._in_view.slice())
            return
        proposal = self._current(self.accept_slice)
        if proposal is None:
            return
        structure_ids, slices = [self._in_view.structure_id()], [self._in_view.slice()]
        after = accepted(proposal, structure_ids=structure_ids, slices=slices)
        if after is case.delineation:
            raise ContourError("nothing is proposed on this slice", hint="go to a dashed outline")
        case.edit("accept slice", after)

    def accept_all(self) -> None:
        """Take over all that a segmenter proposes, or else the engine."""
        if self._panel.assisting.offered is not None:
            self._panel.assisting.accept_all()
        else:
            self._panel.drawing.interpolate()

    def accept_gap(self) -> None:
        """Take over what is proposed between the contours before and behind the slice under the mouse."""
        case, _ = self._in_view.open_case()
        proposal = self._current(self.accept_gap)
        if proposal is None:
            return
        structure_id, here = self._in_view.structure_id(), self._in_view.slice()
        first, last = gap_around(case, structure_id, here)
        proposed = proposal.proposed_slices(structure_id, here.axis)
        between = [where for where in proposed if first < where.index < last]
        after = accepted(proposal, structure_ids=[structure_id], slices=between)
        if after is case.delineation:
            raise ContourError("nothing is proposed between these contours", hint="go to a dashed outline")
        case.edit("accept gap", after)

    def propose_anew(self) -> None:
        """Give the accepted slices of the chosen structure back to the engine."""
        case, _ = self._in_view.open_case()
        after = proposed_anew(case.delineation, self._in_view.structure_id())
        if len(after.contours) == len(case.contours):
            raise ContourError("no slice of it was accepted", hint="first accept what is proposed")
        case.edit("propose anew", after)

    def _current(self, again: Callable[[], None]) -> Proposal | None:
        """What is proposed for all that was drawn; None, and ``again`` later, while the engine is at it."""
        live = self._panel.live
        if live is None:
            raise MedsegError("no case is open", hint="open a DICOM folder or a NIfTI file first")
        if not live.is_current:
            live.when_current(partial(self._panel.desk.attempt, again))
            return None
        return live.proposal
