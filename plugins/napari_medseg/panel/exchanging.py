"""What the panel does with the formats of other programs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QWidget

from medseg.errors import GridMismatchError, InputError
from medseg.progress import Progress
from medseg.workflows.exchange.formats import Format
from medseg.workflows.exchange.request import Written
from medseg.workflows.landmarks import ReadLandmarks, read_landmarks
from napari_medseg.bringing_in import BringIn, BroughtIn, may_resample
from napari_medseg.case import Case
from napari_medseg.exporting import FILE_FORMATS, Export, suggested_export_name, with_ending
from napari_medseg.keeper import Keeper
from napari_medseg.landmark_layer import landmark_keywords
from napari_medseg.napari_private import main_window
from napari_medseg.panel.bringing_in import ask_to_resample
from napari_medseg.panel.desk import Desk


@dataclass(frozen=True)
class Wanted:
    """Where and how somebody wants a case to go out."""

    path: Path
    format: Format


class Exchanging:
    """Brings files of other programs to the open case, and writes the case for them.

    Args:
        desk: The desk of the panel.

    Attributes:
        ask_to_resample: Asks whether voxels on another grid are to be resampled.
        ask_where: Asks for a file and a format to export.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.ask_to_resample = ask_to_resample
        self.ask_where = ask_where_to_export

    def bring_in(self, path: Path) -> None:
        """Bring the structures of a file to the open case."""
        self._desk.attempt(partial(self._start, path))

    def bring_landmarks(self, path: Path) -> None:
        """Show the landmarks of a file on the image of the open case."""
        self._desk.attempt(partial(self._show_landmarks, path))

    def export(self, trust: Path | None) -> None:
        """Write what is shown for another program.

        Args:
            trust: The trust folder that was named, or None for the one beside the saved label map.
        """
        self._desk.attempt(partial(self._export, trust))

    def _start(self, path: Path, *, resample: bool = False) -> None:
        asked = BringIn.into(self._case(path), path)
        self._desk.messages.clear()
        # Another grid is no error yet: somebody has to be asked, in the window's thread.
        work = partial(_read_or_ask, asked, resample=resample)
        self._desk.background.run("Opening", work, partial(self._take, self._case(path), asked))

    def _take(self, case: Case, asked: BringIn, found: BroughtIn | _OtherGrid) -> None:
        if isinstance(found, BroughtIn):
            asked.accept(case, found)
        elif self.ask_to_resample(main_window(self._desk.viewer), asked.path.name, found.difference):
            self._start(asked.path, resample=True)
        else:
            self._desk.messages.inform(f"{asked.path.name} was left as it is: nothing was brought in.")

    def _show_landmarks(self, path: Path) -> None:
        case = self._case(path)
        found: ReadLandmarks = read_landmarks(path)
        data, keywords = landmark_keywords(found.landmarks, case, path.name.split(".")[0])
        self._desk.viewer.add_points(data, **keywords)
        count = len(found.landmarks)
        self._desk.messages.confirm(
            f"{count} landmark{'' if count == 1 else 's'} of {path.name}", *found.notes
        )

    def _export(self, trust: Path | None) -> None:
        case = self._desk.case
        if case is None:
            return
        export = Export.of(case, trust)
        start = case.path.parent if case.path else Path.cwd()
        wanted = self.ask_where(main_window(self._desk.viewer), start / suggested_export_name(case))
        if wanted is not None:
            work = partial(_write, export, wanted, case.keeper)
            self._desk.background.run("Exporting", work, self._tell_written)

    def _tell_written(self, written: Written) -> None:
        names = ", ".join(path.name for path in written.files[:3])
        more = f" and {len(written.files) - 3} more" if len(written.files) > 3 else ""
        say = self._desk.messages.warn if written.notes else self._desk.messages.confirm
        say(f"Exported {names}{more}", *written.notes)

    def _case(self, path: Path) -> Case:
        if self._desk.case is None:
            raise InputError(
                f"{path.name} needs its image",
                hint="open the image first, then this file",
                reason="needs-image",
            )
        return self._desk.case


def ask_where_to_export(parent: QWidget, suggested: Path) -> Wanted | None:
    """Ask for a file and a format; None where the user thinks better of it."""
    filters = {filter_of(one): one for one in FILE_FORMATS}
    name, chosen = QFileDialog.getSaveFileName(
        parent,
        "Export for another program",
        str(suggested),
        ";;".join(filters),
        # What is there is never replaced: the panel says so in its own words.
        options=QFileDialog.Option.DontConfirmOverwrite,
    )
    if not name:
        return None
    wanted = filters[chosen]
    return Wanted(with_ending(Path(name), wanted.ending), wanted)


def filter_of(one: Format) -> str:
    """How a file dialog names a format."""
    return f"{one.title[0].upper()}{one.title[1:]} (*{one.ending})"


@dataclass(frozen=True)
class _OtherGrid:
    """How the grid of a file differs from that of the image."""

    difference: str


def _read_or_ask(asked: BringIn, progress: Progress, *, resample: bool) -> BroughtIn | _OtherGrid:
    try:
        return asked.read(progress, resample=resample)
    except GridMismatchError as error:
        if resample or not may_resample(error):
            raise
        return _OtherGrid(error.message)


def _write(export: Export, wanted: Wanted, keeper: Keeper | None, progress: Progress) -> Written:
    if keeper is not None:
        keeper.note_export(wanted.format.name)
    return export.write(wanted.path, wanted.format.name, progress)
