"""What the controls for another revision do: its outline, and how it differs."""

from __future__ import annotations

from functools import partial

from medseg.measurement.difference import StructureDifference
from medseg.progress import Progress
from medseg.workflows.study.compare_revisions import RevisionDifference, compare_revisions
from medseg.workflows.study.signed_history import shown_numbers
from napari_medseg.places import Places
from napari_medseg.study.case_section import CaseSection
from napari_medseg.study.desk import StudyDesk
from napari_medseg.study.opened_case import EARLIER_COLOR, OpenedCase, Outline, outline_of
from napari_medseg.study.outline_layers import OutlineLayers

MM3_IN_ML = 1000.0


class Comparing:
    """Shows another revision beside the one that is open.

    Args:
        desk: The desk of the dock.
        section: Says which one.
        outlines: The layers.
    """

    def __init__(self, desk: StudyDesk, section: CaseSection, outlines: OutlineLayers) -> None:
        self._desk = desk
        self._section = section
        self._outlines = outlines
        self._shows: str | None = None
        section.outline_asked.connect(self.show_outline)
        section.compare_asked.connect(self.compare)

    def forget(self) -> None:
        """Another case is open: nothing of this one is shown any more."""
        self._shows = None
        self._section.outline.blockSignals(True)  # noqa: FBT003 - Qt's signature
        self._section.outline.setChecked(False)
        self._section.outline.blockSignals(False)  # noqa: FBT003

    def show_outline(self) -> None:
        """Show the chosen revision as an outline, or no longer."""
        self._desk.attempt(self._show_outline)

    def compare(self) -> None:
        """Say how the chosen revision differs from the one that is open."""
        self._desk.attempt(self._compare)

    def _show_outline(self) -> None:
        study, who = self._desk.signed_in()
        opened, earlier = self._desk.open_case(), self._section.earlier
        if not self._section.outline.isChecked() or earlier is None:
            self._shows = None
            self._outlines.show(opened.outlines)
            return
        if self._shows == earlier.digest:
            return
        title = f"revision {shown_numbers(opened.view)[earlier.digest]}"

        def work(_progress: Progress) -> Outline:
            return outline_of(study, who, earlier, title, EARLIER_COLOR)

        self._desk.background.run(
            f"Reading {title}", work, partial(self._take_outline, opened, earlier.digest)
        )

    def _take_outline(self, opened: OpenedCase, digest: str, outline: Outline) -> None:
        if self._desk.opened is not None and self._desk.opened.case is opened.case:
            self._shows = digest
            self._outlines.show([*opened.outlines, outline])

    def _compare(self) -> None:
        study, who = self._desk.signed_in()
        opened, earlier = self._desk.open_case(), self._section.earlier
        if earlier is None or opened.shown is None:
            return
        first, second = earlier.digest, opened.shown.digest

        def work(_progress: Progress) -> RevisionDifference:
            return compare_revisions(study, who, opened.view.case.id, first, second)

        self._desk.messages.places = Places(opened.case.volume.grid)
        self._desk.background.run("Comparing", work, self._tell)

    def _tell(self, found: RevisionDifference) -> None:
        first, second = found.numbers
        head = f"From revision {first} to revision {second}:"
        changed = found.difference.changed
        if not changed:
            self._desk.messages.inform(f"{head} no voxel and no structure differs.")
            return
        lines = [_about(one) for one in changed]
        if found.difference.grid:
            lines.append(found.difference.grid)
        self._desk.messages.inform(head, *lines)


def _about(one: StructureDifference) -> str:
    if one.first_mm3 is None or one.second_mm3 is None:
        return f"{one.name} is {'new' if one.first_mm3 is None else 'gone'}."
    parts = [f"{one.name}: {one.first_mm3 / MM3_IN_ML:.2f} to {one.second_mm3 / MM3_IN_ML:.2f} ml"]
    if one.dice is not None:
        parts.append(f"Dice {one.dice:.3f}")
    if one.largest is not None and one.largest.mm > 0:
        x, y, z = one.largest.at_lps_mm
        parts.append(f"up to {one.largest.mm:.1f} mm apart at ({x:.1f}, {y:.1f}, {z:.1f}) mm LPS")
    return ", ".join(parts)
