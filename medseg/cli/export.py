"""``medseg export``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from medseg.cli.progress import progress_bar


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--to",
    metavar="FORMAT",
    help="dicom-seg, dicom-seg-labelmap, rtstruct, seg-nrrd, nrrd, itksnap-labels, stl, obj, ply, gltf or "
    "bids. Default: what the ending of OUT says.",
)
@click.option(
    "--image",
    type=click.Path(path_type=Path),
    help="The DICOM folder of the series that it was drawn on; needed for the DICOM formats.",
)
@click.option("--series", "series_uid", metavar="UID", help="Which series, where that folder holds several.")
@click.option(
    "--trust",
    type=click.Path(path_type=Path),
    help="The trust folder: the approval goes out if it is verified.",
)
@click.option(
    "--structure",
    "structures",
    multiple=True,
    metavar="ID",
    help="A structure that goes out; repeatable. Default: all.",
)
@click.option(
    "--smoothing",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    metavar="N",
    help="Smooth surfaces by so many steps (Taubin); 0 for not at all.",
)
@click.option(
    "--subject", metavar="LABEL", help="What a BIDS dataset calls the patient. Default: the pseudonym."
)
@click.option("--overwrite", is_flag=True, help="Replace a file that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def export(
    file: Path, out: Path, *, as_json: bool, overwrite: bool, structures: tuple[str, ...], **options: Any
) -> None:
    """Write a label map in the format of another program.

    FILE is a label map with its sidecars, or a table of landmarks (.csv), which becomes a list of markups
    (.mrk.json). DICOM exports carry the patient, as the source series has it; no other format does.

    medseg export dataset is another command; a file of that name is ./dataset.
    """
    from medseg.workflows.export_label_map import export_label_map
    from medseg.workflows.landmarks import convert_landmarks, is_landmark_file

    if is_landmark_file(file):
        notes = convert_landmarks(file, out, overwrite=overwrite)
        files: tuple[Path, ...] = (out,)
    else:
        with progress_bar() as progress:
            written = export_label_map(
                file, out, structures=structures or None, overwrite=overwrite, progress=progress, **options
            )
        files, notes = written.files, written.notes
    if as_json:
        click.echo(json.dumps({"files": [str(path) for path in files], "notes": list(notes)}, indent=1))
        return
    for sentence in notes:
        click.echo(f"note: {sentence}", err=True)
    for path in files:
        click.echo(path)
