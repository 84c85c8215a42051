"""A case → files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from medseg.contour import OtherTimePoints
from medseg.errors import LabelMapError, OutputError
from medseg.progress import Progress, silent
from medseg.volume import Source
from medseg.workflows.import_label_map import Step
from medseg.workflows.open_label_map import open_label_map
from medseg.workflows.save import save_label_map
from napari_medseg.case import Case, Result
from napari_medseg.completing import Snapshot, result_of


def result_to_save(snapshot: Snapshot, progress: Progress = silent) -> Result:
    """The label map of what was drawn and accepted.

    Args:
        snapshot: The case.
        progress: Called once before.
    """
    progress("Filling contours", 0, 0)
    return result_of(snapshot.delineation, snapshot.grid)


def save_case(case: Case, path: Path) -> Path:
    """Write the label map that the viewer shows, with its sidecars.

    An earlier draft of this very case is replaced; any other file is not.

    Returns:
        Where it was saved: a name without ending gets ``.nii.gz``.

    Raises:
        LabelMapError: There is nothing to save, or the label map is older than the contours.
        OutputError: No author, or the files can't be written.
        LockedError: What is there was submitted or approved.
    """
    result = require_savable(case)
    if not path.name.endswith((".nii", ".nii.gz")):
        path = path.with_name(f"{path.name}.nii.gz")
    path = path.resolve()
    writing_of(case, result, path)()
    # A case of a study is saved once the study has it as a revision; anything else is a copy.
    if case.keeper is None:
        case.mark_saved(path)
    return path


def require_savable(case: Case) -> Result:
    """What would be saved.

    Raises:
        LabelMapError: There is nothing to save, or the label map is older than the contours.
        OutputError: No author.
    """
    if not case.author:
        raise OutputError("the record needs an author", hint="enter your name, then save")
    if case.result is None:
        raise LabelMapError("there is nothing to save yet", hint="add a structure and draw a polygon")
    if not case.result_is_current:
        raise LabelMapError(
            "the contours changed after the label map was made",
            hint="save again",
        )
    case.volume.grid.require_same_as(case.result.label_map.grid, "label map and image")
    return case.result


def writing_of(case: Case, result: Result, path: Path) -> Callable[[], None]:
    """The writing of a case as it is now, which can be done in a thread."""
    return partial(
        write_result,
        path,
        result,
        source=case.volume.source,
        author=case.author,
        other_time_points=case.other_time_points,
        steps=case.steps,
        copy_of=case.path,
        overwrite=path == case.path,
    )


def write_result(
    path: Path,
    result: Result,
    *,
    source: Source,
    author: str,
    other_time_points: OtherTimePoints | None = None,
    steps: Sequence[Step] = (),
    copy_of: Path | None = None,
    overwrite: bool = False,
) -> None:
    """Write a label map with its sidecars, and go on with its story.

    Args:
        path: The label map to write.
        result: The label map, its contours and how it was made.
        source: The image that it was drawn on.
        author: Printed name of who draws.
        other_time_points: Of a 4-D image what does not count at the time point that is saved.
        steps: What happened since the last save, done by the author.
        copy_of: Where an earlier draft of the same label map is saved, or None.
        overwrite: Whether a draft at ``path`` may be replaced.

    Raises:
        MedsegError: As :func:`~medseg.workflows.save.save_label_map`.
    """
    earlier = open_label_map(copy_of).record if copy_of and copy_of != path and copy_of.exists() else None
    save_label_map(
        path,
        result.label_map,
        grid=result.label_map.grid,
        source=source,
        contours=result.contours,
        author=author,
        other_time_points=other_time_points,
        completed=result.completed,
        models=result.models,
        notes=result.notes,
        steps=tuple(replace(step, by=author) for step in steps),
        earlier=earlier,
        overwrite=overwrite,
    )


def suggested_name(case: Case) -> str:
    """A file name for a case that was not saved yet (BIDS: ``_dseg``)."""
    return f"{case.name}_dseg.nii.gz"
