"""What the numbers of the chosen structure are, and what is done with them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from html import escape
from pathlib import Path

import numpy as np
from qtpy.QtWidgets import QApplication, QFileDialog, QWidget

from medseg.errors import LabelMapError
from medseg.measurement.measured import Line
from medseg.progress import Progress
from medseg.volume import Volume
from medseg.workflows.measure import save_csv
from napari_medseg.napari_private import main_window
from napari_medseg.panel.contour_section import ContourSection
from napari_medseg.panel.desk import Desk
from napari_medseg.panel.measuring.live_numbers import LiveNumbers
from napari_medseg.panel.measuring.number_rows import DIAMETERS, LONGEST, NumberRow, as_text, rows_of
from napari_medseg.panel.measuring.section import NumbersSection
from napari_medseg.panel.measuring.to_measure import (
    AT_A_GLANCE,
    EVERYTHING,
    Numbers,
    ToMeasure,
    measured_all,
)
from napari_medseg.places import Places, Target, plane_name
from napari_medseg.views.linked_views import Layout
from napari_medseg.volumes.imaging import Imaging

CSV_ENDING = ".csv"


class Measuring:
    """Keeps the numbers of the chosen structure up to date, and shows where they were measured.

    Args:
        desk: The desk of the panel.
        section: The tab.
        contours: Knows the chosen structure, and has its size in one line.
        imaging: Knows the image that the reader looks at.

    Attributes:
        live: The thread that measures.
        numbers: What was measured last; None where there is nothing.
        ask_where: Asks for the file of a table.
    """

    def __init__(
        self,
        desk: Desk,
        section: NumbersSection,
        contours: ContourSection,
        imaging: Imaging,
    ) -> None:
        self._desk = desk
        self._section = section
        self._contours = contours
        self._imaging = imaging
        self._rows: list[NumberRow] = []
        self._picked: str | None = None
        self.numbers: Numbers | None = None
        self.ask_where = ask_where_to_save
        self.live = LiveNumbers(desk.messages.show_error, self._is_at_work)
        self.live.measured.connect(self._take)
        section.line_asked.connect(self.show_line)
        section.lines_switched.connect(self._switch_diameters)
        section.all_switched.connect(self._switch_all)
        section.copy_asked.connect(self.copy)
        section.save_asked.connect(self.save)
        contours.summary.line_asked.connect(self.show_line)

    def follow(self) -> None:
        """Measure what there is now, soon."""
        what = self._to_measure()
        self.live.ask(what)
        if what is None or (self.numbers is not None and self.numbers.of.structure_id != what.structure_id):
            self.numbers, self._rows, self._picked = None, [], None
            self._show_lines()
        self._show()

    def show_case(self) -> None:
        """Begin with another case, or with other planes of the same one."""
        self.follow()
        self._show_lines()

    def show_diameters(self, *, on: bool) -> None:
        """Show the longest diameters on their slice, or no longer; going there is another matter."""
        self._picked = self._picked if on else None
        self._section.show_lines_switch(on=on)
        self._show_lines()

    def toggle_diameters(self) -> None:
        """Show the longest diameters and go to their slice, or show them no longer.

        Raises:
            LabelMapError: There are none.
        """
        if self._section.lines.isChecked():
            self.show_diameters(on=False)
        elif any(row.id == LONGEST and row.line is not None for row in self._rows):
            self.show_line(LONGEST)
        else:
            raise LabelMapError(
                "there is no diameter to show", hint="draw the structure on two slices, or wait a moment"
            )

    def show_line(self, row_id: str) -> None:
        """Go to where a length was measured, and show its line."""
        row = next((row for row in self._rows if row.id == row_id and row.line is not None), None)
        if row is None or row.line is None or self._desk.binding is None:
            return
        self._picked = row_id
        self.show_diameters(on=True)
        self._desk.binding.show(self._target(row, row.line))

    def copy(self) -> None:
        """Put the table that is shown on the clipboard."""
        clipboard = QApplication.clipboard()
        if self.numbers is not None and clipboard is not None:
            clipboard.setText(as_text(self.numbers.measurements.structure.name, self._shown_rows()))
            self._desk.messages.confirm("The numbers are on the clipboard.")

    def save(self) -> None:
        """Save all numbers of all structures, as they stand with what is proposed."""
        what = self._to_measure()
        case = self._desk.case
        if what is None or case is None:
            return
        start = case.path.parent if case.path else Path.cwd()
        path = self.ask_where(main_window(self._desk.viewer), start / f"{case.name}_numbers{CSV_ENDING}")
        if path is not None:
            of_all = [
                replace(what, structure_id=structure.id, families=EVERYTHING)
                for structure in what.proposal.delineation.structures
            ]
            work = partial(_measure_and_save, of_all, path)
            self._desk.background.run("Measuring", work, partial(self._tell_saved, path))

    def stop(self) -> None:
        """The window is about to close."""
        self.live.stop()

    def _switch_diameters(self, on: bool) -> None:  # noqa: FBT001 - Qt's signal passes it
        self.show_diameters(on=on)

    def _switch_all(self, _on: bool) -> None:  # noqa: FBT001
        self.follow()

    def _to_measure(self) -> ToMeasure | None:
        case, proposal, structure_id = self._desk.case, self._desk.proposal, self._contours.structure_id
        if case is None or proposal is None or structure_id is None:
            return None
        if proposal.completed(structure_id) is None:
            return None
        families = EVERYTHING if self._section.all.isChecked() else AT_A_GLANCE
        image, name = self._image(case.volume)
        return ToMeasure(proposal, structure_id, image, name, families)

    def _image(self, own: Volume) -> tuple[Volume, str]:
        images = self._imaging.images
        looked_at = images.looked_at if images is not None else None
        if looked_at is not None:
            return looked_at.volume, looked_at.name
        return own, own.source.modality or "the image"

    def _is_at_work(self) -> bool:
        tool = self._desk.box.in_hand
        return tool is not None and tool.is_begun

    def _take(self, numbers: Numbers) -> None:
        self.numbers = numbers
        self._rows = rows_of(numbers, numbers.of.proposal.delineation.structures)
        self._show()
        self._show_lines()

    def _shown_rows(self) -> list[NumberRow]:
        return self._rows if self._section.all.isChecked() else [row for row in self._rows if row.in_front]

    def _show(self) -> None:
        numbers = self.numbers
        current = not self.live.busy
        self._contours.summary.show_rows(self._rows, current=current)
        title, note = _title_of(numbers), _note_on(numbers)
        rows = self._shown_rows()
        places = {row.id: self._place_of(row) for row in rows if row.line is not None}
        self._section.show_rows(title, rows, note, places, current=current)

    def _place_of(self, row: NumberRow) -> str:
        case = self._desk.case
        if case is None or row.where is None:
            return "show"
        return plane_name(row.where, case.volume.grid)

    def _show_lines(self) -> None:
        if self._desk.binding is not None:
            wanted = {*DIAMETERS, self._picked} if self._section.lines.isChecked() else set()
            lines = tuple(row.line for row in self._rows if row.id in wanted and row.line is not None)
            self._desk.binding.show_measured(lines)

    def _target(self, row: NumberRow, line: Line) -> Target:
        """The slice of a line where one canvas shows it, else the place in its middle on all planes."""
        binding = self._desk.binding
        assert binding is not None  # noqa: S101 - asked for before
        if row.where is not None and binding.views.layout is Layout.ONE:
            return row.where
        middle = (np.array(line.start_lps_mm) + np.array(line.end_lps_mm)) / 2
        return Places(binding.case.volume.grid).at(middle.tolist())

    def _tell_saved(self, path: Path, numbers: tuple[Numbers, ...]) -> None:
        counted = [
            f"{one.measurements.structure.name} on {one.of.open_slices} slices"
            for one in numbers
            if one.of.open_slices
        ]
        note = f"Counted with what is only proposed: {', '.join(counted)}." if counted else ""
        self._desk.messages.confirm(f"Saved the numbers in {path.name}.", note)


def ask_where_to_save(parent: QWidget, suggested: Path) -> Path | None:
    """Ask for a file; None where the reader thinks better of it."""
    name, _ = QFileDialog.getSaveFileName(
        parent,
        "Save the numbers of all structures",
        str(suggested),
        f"Table (*{CSV_ENDING})",
        # What is there is never replaced: the panel says so in its own words.
        options=QFileDialog.Option.DontConfirmOverwrite,
    )
    if not name:
        return None
    return Path(name if name.endswith(CSV_ENDING) else f"{name}{CSV_ENDING}")


def _measure_and_save(what: list[ToMeasure], path: Path, progress: Progress) -> tuple[Numbers, ...]:
    numbers = measured_all(what, progress)
    save_csv([one.measurements for one in numbers], path)
    return numbers


def _title_of(numbers: Numbers | None) -> str:
    if numbers is None:
        return ""
    structure = numbers.measurements.structure
    return f"<b>{escape(structure.name)}</b> in {escape(numbers.of.image_name)}"


def _note_on(numbers: Numbers | None) -> str:
    if numbers is None:
        return ""
    what, without = numbers.of, numbers.without_value
    count, inside = what.open_slices, ", ".join(what.left_out)
    notes = (
        f"With what is only proposed, on {count} slice{'' if count == 1 else 's'}." if count else "",
        f"Without {inside}: in it, and not part of it." if inside else "",
        f"{what.image_name} has no value at {without} of its voxels." if without else "",
    )
    return " ".join(filter(None, notes))
