"""``medseg inspect``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from medseg.cli.progress import progress_bar
from medseg.cli.read_options import chosen, read_options
from medseg.cli.volume_table import print_volumes


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@read_options
@click.pass_context
def inspect(
    ctx: click.Context,
    /,
    path: Path,
    *,
    as_json: bool,
    **read: Any,
) -> None:
    """Say what PATH holds: a folder of DICOM files, or a NIfTI image.

    With the options of medseg convert it says what that would do, and why. Exits with 1 if any images can't
    be read as a regular volume; the reason is given.
    """
    from medseg.workflows.inspect import Status
    from medseg.workflows.inspect import inspect as inspect_path

    with progress_bar() as bar:
        volumes = inspect_path(path, options=chosen(**read), progress=bar)
    if as_json:
        click.echo(json.dumps({"volumes": [volume.as_dict() for volume in volumes]}, indent=1))
    else:
        print_volumes(volumes)
    if any(volume.status is Status.REFUSED for volume in volumes):
        ctx.exit(1)
