"""``medseg sample-data``."""

from __future__ import annotations

from pathlib import Path

import click

from medseg.cli.progress import progress_bar


@click.command("sample-data")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--phantom", "name", default="abdomen", show_default=True, help="abdomen (CT) or brain (MR).")
@click.option("--size", default="small", show_default=True, help="small, or full as a scanner gives it.")
def sample_data(out: Path, name: str, size: str) -> None:
    """Make a phantom in the folder OUT: a DICOM series, the image as NIfTI, and its truth."""
    from medseg.workflows.sample_data import PHANTOM_NAMES, SIZE_NAMES, write_sample_data

    for value, offered, option in ((name, PHANTOM_NAMES, "--phantom"), (size, SIZE_NAMES, "--size")):
        if value not in offered:
            raise click.BadParameter(f"expected one of {', '.join(offered)}", param_hint=option)
    with progress_bar() as progress:
        click.echo(write_sample_data(out, name=name, size=size, progress=progress))
