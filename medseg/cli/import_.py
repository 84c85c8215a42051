"""``medseg import``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from medseg.cli.progress import progress_bar


@click.command(name="import")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--image",
    type=click.Path(path_type=Path),
    help="The image that the structures were drawn on, a DICOM folder or a NIfTI file. Contours need it; "
    "voxels are put on its grid.",
)
@click.option(
    "--resample",
    is_flag=True,
    help="Resample voxels that lie on another grid than the image, with nearest neighbour. Default: refuse "
    "them.",
)
@click.option(
    "--from",
    "from_format",
    metavar="FORMAT",
    help="dicom-seg, rtstruct, seg-nrrd, nrrd or nifti. Default: what the file's name and content say.",
)
@click.option(
    "--nested-holes",
    is_flag=True,
    help="In a structure set, a contour inside another one of its structure is a hole. Default: it adds "
    "nothing.",
)
@click.option(
    "--fractional-at",
    type=click.FloatRange(0, 1, min_open=True),
    metavar="FRACTION",
    help="From which fraction on a voxel of a fractional DICOM SEG belongs to its structure. Default: refuse "
    "fractions.",
)
@click.option(
    "--labels",
    type=click.Path(path_type=Path),
    help="ITK-SNAP label descriptions that name the labels of a NIfTI or NRRD.",
)
@click.option("--author", help="Printed name for the record. Default: who the file names.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def import_(
    file: Path,
    out: Path,
    *,
    as_json: bool,
    nested_holes: bool,
    fractional_at: float | None,
    labels: Path | None,
    **options: Any,
) -> None:
    """Bring the structures of FILE, made by another program, into the label map OUT.

    FILE is a DICOM SEG or RT structure set, a segmentation of 3D Slicer (.seg.nrrd), NRRD or NIfTI. A list of
    markups (.mrk.json, .fcsv) becomes a table of landmarks (.csv).
    """
    from medseg.workflows.import_label_map import Reading, import_label_map
    from medseg.workflows.landmarks import convert_landmarks, is_landmark_file

    if is_landmark_file(file):
        _tell(convert_landmarks(file, out), out, {"output": str(out)}, as_json=as_json)
        return
    reading = Reading(nested_holes, fractional_at, labels)
    with progress_bar() as progress:
        files, imported = import_label_map(file, out, reading=reading, progress=progress, **options)
    document = {
        "output": str(files.nifti),
        "format": imported.format,
        "resampled": bool(imported.resampled),
        "structures": [
            {"id": s.id, "name": s.name, "label": s.label, "layer": s.layer}
            for s in imported.label_map.structures
        ],
        "contours": len(tuple(imported.contours)),
    }
    _tell(imported.notes, files.nifti, document, as_json=as_json)


def _tell(notes: Sequence[str], out: Path, document: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({**document, "notes": list(notes)}, indent=1))
        return
    for sentence in notes:
        click.echo(f"note: {sentence}", err=True)
    click.echo(out)
