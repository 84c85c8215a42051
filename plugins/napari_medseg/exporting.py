"""A case → a file of another program."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from medseg.errors import LabelMapError, LockedError, OutputError
from medseg.progress import Progress, silent
from medseg.volume import Source
from medseg.workflows.exchange.formats import FORMATS, Format
from medseg.workflows.exchange.request import Written
from medseg.workflows.export_label_map import export_label_map
from medseg.workflows.import_label_map import Step
from medseg.workflows.sign import DEFAULT_TRUST
from napari_medseg.case import Case, Result
from napari_medseg.saving import write_result
from napari_medseg.signing import is_on_disk

FILE_FORMATS: tuple[Format, ...] = tuple(one for one in FORMATS if one.write and one.ending)
"""The formats that are files and can be written, as the window offers them."""


@dataclass(frozen=True, eq=False)
class Export:
    """What the viewer shows of a case, as it goes out.

    Attributes:
        shown: The label map with its contours.
        source: The image that it was drawn on.
        image: Where that image was opened; None where nobody knows.
        author: Printed name of who draws.
        saved: Where exactly this is saved, or None.
        draft: Where an earlier draft of it is saved, or None.
        steps: What happened since that draft was saved.
        trust: The trust folder, without which no approval is told.
    """

    shown: Result
    source: Source
    image: Path | None
    author: str
    saved: Path | None = None
    draft: Path | None = None
    steps: tuple[Step, ...] = ()
    trust: Path | None = None

    @classmethod
    def of(cls, case: Case, trust: Path | None = None) -> Export:
        """What a case shows now.

        Args:
            case: The case.
            trust: The trust folder; by default the one beside the saved label map, if there is one.

        Raises:
            LabelMapError: There is nothing to export, or the label map is older than the contours.
            OutputError: Nobody says who draws.
        """
        if case.result is None:
            raise LabelMapError("there is nothing to export yet", hint="add a structure and draw a polygon")
        if not case.result_is_current:
            raise LabelMapError(
                "the contours changed after the label map was made",
                hint="export again",
            )
        if not case.author:
            raise OutputError("the file would not say who drew", hint="enter your name, then export")
        saved = case.path if case.saved else None
        if trust is None and saved is not None and (saved.parent / DEFAULT_TRUST).is_dir():
            trust = saved.parent / DEFAULT_TRUST
        return cls(
            case.result,
            case.volume.source,
            case.image_path,
            case.author,
            saved=saved,
            draft=case.path,
            steps=case.steps,
            trust=trust,
        )

    def write(self, out: Path, to: str | None = None, progress: Progress = silent) -> Written:
        """Write it in the format of another program; nothing that is there is replaced.

        Args:
            out: The file.
            to: Name of the format; by default what the ending says.
            progress: Called between the steps.

        Raises:
            LockedError: The saved file is no longer what the viewer shows.
            MedsegError: As :func:`~medseg.workflows.export_label_map.export_label_map`.
        """
        if self.saved is not None:
            if not is_on_disk(self.shown, self.saved):
                raise LockedError(
                    f"{self.saved.name} is no longer what this window shows: nothing was exported",
                    hint="open it again and look at it",
                )
            return self._write_from(self.saved, out, to, progress)
        with TemporaryDirectory(prefix="medseg-") as folder:
            return self._write_from(self._save(Path(folder) / "case_dseg.nii.gz"), out, to, progress)

    def _write_from(self, label_map: Path, out: Path, to: str | None, progress: Progress) -> Written:
        return export_label_map(
            label_map,
            out,
            to=to,
            image=self.image,
            series_uid=self.source.series_uid,
            trust=self.trust if self.saved else None,
            progress=progress,
        )

    def _save(self, path: Path) -> Path:
        write_result(
            path,
            self.shown,
            source=self.source,
            author=self.author,
            steps=self.steps,
            copy_of=self.draft,
        )
        return path


def with_ending(path: Path, ending: str) -> Path:
    """A path that ends as its format wants it."""
    return path if path.name.lower().endswith(ending) else path.with_name(path.name + ending)


def suggested_export_name(case: Case) -> str:
    """A file name without ending, for a case that goes out."""
    return f"{case.name}_dseg"
