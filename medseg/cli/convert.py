"""``medseg convert``."""

from __future__ import annotations

from pathlib import Path

import click

from medseg.cli.progress import progress_bar
from medseg.cli.volume_table import print_volumes


@click.command()
@click.argument("inputs", metavar="IN…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--no-compress", is_flag=True, help="Write .nii instead of .nii.gz.")
@click.pass_context
def convert(ctx: click.Context, inputs: tuple[Path, ...], out: Path, *, no_compress: bool) -> None:
    """Convert every regular DICOM series below IN… to NIfTI in the new folder OUT.

    OUT/manifest.json says what became of every series and file. Exits with 1 if any series was refused.
    """
    from medseg.workflows.convert import convert as convert_folders

    with progress_bar() as progress:
        conversion = convert_folders(inputs, out, compress=not no_compress, progress=progress)
    print_volumes(conversion.volumes)
    if conversion.refused:
        ctx.exit(1)
