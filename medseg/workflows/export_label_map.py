"""Export a label map to the format of another program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from medseg.errors import InputError
from medseg.io.existence import require_file
from medseg.io.label_map_files import LabelMapFiles
from medseg.labelmap.surface import ITERATIONS
from medseg.progress import Progress, silent
from medseg.workflows.exchange.formats import FORMATS, format_named, format_to_write
from medseg.workflows.exchange.request import ExportRequest, Written

EXPORT_FORMATS = {one.name: one.title for one in FORMATS if one.write}
"""What ``--to`` offers, and what each is."""


def export_label_map(
    label_map: Path | str,
    out: Path | str,
    *,
    to: str | None = None,
    image: Path | str | None = None,
    series_uid: str | None = None,
    trust: Path | str | None = None,
    structures: Sequence[str] | None = None,
    smoothing: int = ITERATIONS,
    subject: str | None = None,
    overwrite: bool = False,
    progress: Progress = silent,
) -> Written:
    """Write a saved label map in the format of another program.

    Args:
        label_map: The label map, with its sidecars beside it; read only.
        out: What to write: a file, or the folder of a BIDS dataset.
        to: One of :data:`EXPORT_FORMATS`; by default what the ending of ``out`` says.
        image: The image that it was drawn on: a DICOM folder, for the DICOM formats.
        series_uid: Which series, where that folder holds several.
        trust: The trust folder; without it nothing is told as approved.
        structures: Ids of the structures that go out; by default all.
        smoothing: How much surfaces are smoothed.
        subject: What a BIDS dataset calls the patient.
        overwrite: Whether a file that is there is replaced.
        progress: Called between the steps.

    Returns:
        The files, and what was left out, merged or approximated on the way.

    Raises:
        InputError: No such format, no DICOM series where one is needed, or a damaged file.
        GridMismatchError: The label map does not lie on the grid of the image.
        GeometryError: The format can't hold the grid.
        LabelMapError: The format can't hold the structures.
        OutputExistsError: Something is there already.
    """
    out = Path(out)
    files = LabelMapFiles(Path(label_map))
    require_file(files.nifti)
    target = format_named(to) if to else format_to_write(out)
    if target.write is None:
        raise InputError(f"{target.title} is read, not written", reason="format")
    request = ExportRequest(
        files,
        out,
        image=Path(image) if image else None,
        series_uid=series_uid,
        trust=Path(trust) if trust else None,
        structures=tuple(structures) if structures is not None else None,
        smoothing=smoothing,
        subject=subject,
        overwrite=overwrite,
        progress=progress,
    )
    written = target.write(request)
    return replace(written, notes=(*written.notes, *request.notes))
