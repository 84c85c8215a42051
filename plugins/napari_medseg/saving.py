"""A case → files."""

from __future__ import annotations

from pathlib import Path

from medseg.errors import LabelMapError, OutputError
from medseg.progress import Progress, silent
from medseg.workflows.save import save_label_map
from napari_medseg.case import Case, Result
from napari_medseg.completing import Snapshot, drawn_only, interpolated


def result_to_save(snapshot: Snapshot, *, interpolate: bool, progress: Progress = silent) -> Result:
    """The label map of the contours as they are now.

    Args:
        snapshot: The case.
        interpolate: Whether to complete between contours.
        progress: Called between the steps.
    """
    return interpolated(snapshot, progress) if interpolate else drawn_only(snapshot)


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
    if not case.author:
        raise OutputError("the record needs an author", hint="enter your name, then save")
    if case.result is None:
        raise LabelMapError("there is nothing to save yet", hint="add a structure and draw a polygon")
    if not case.result_is_current:
        raise LabelMapError(
            "the contours changed after the label map was made",
            hint="press Interpolate, look at the result, then save",
        )
    if not path.name.endswith((".nii", ".nii.gz")):
        path = path.with_name(f"{path.name}.nii.gz")
    path = path.resolve()
    save_label_map(
        path,
        case.result.label_map,
        grid=case.volume.grid,
        source=case.volume.source,
        contours=case.result.contours,
        author=case.author,
        completed=case.result.completed,
        notes=case.result.notes,
        overwrite=path == case.path,
    )
    case.mark_saved(path)
    return path


def suggested_name(case: Case) -> str:
    """A file name for a case that was not saved yet (BIDS: ``_dseg``)."""
    return f"{case.name}_dseg.nii.gz"
