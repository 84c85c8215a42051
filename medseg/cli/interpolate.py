"""``medseg interpolate``."""

from __future__ import annotations

import re
from pathlib import Path

import click

from medseg.cli.progress import progress_bar
from medseg.contour import Slice


def _slices(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> list[Slice] | None:
    """Read ``k=3,7,12`` into slices."""
    slices = []
    for value in values:
        match = re.fullmatch(r"([kji])=(\d+(?:,\d+)*)", value)
        if match is None:
            raise click.BadParameter(f"expected something like k=3,7,12, got {value!r}")
        axis = "kji".index(match[1])
        slices += [Slice(axis, int(index)) for index in match[2].split(",")]
    return sorted(set(slices)) or None


@click.command()
@click.argument("sparse", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--drawn",
    multiple=True,
    callback=_slices,
    metavar="AXIS=N,N,…",
    help="The slices that count, by array axis (k, j or i); repeatable. Default: each k that has labels.",
)
@click.option("--method", default="signed-distance", show_default=True, help="How to interpolate.")
@click.option("--author", default="unnamed", show_default=True, help="Printed name for the record.")
def interpolate(sparse: Path, out: Path, drawn: list[Slice] | None, method: str, author: str) -> None:
    """Complete a sparse label map: SPARSE has labels on some slices, OUT gets whole structures."""
    from medseg.workflows.interpolate import METHOD_NAMES, interpolate_file, remarks_on

    if method not in METHOD_NAMES:
        raise click.BadParameter(f"expected one of {', '.join(METHOD_NAMES)}", param_hint="--method")
    with progress_bar() as progress:
        files, completion = interpolate_file(
            sparse, out, author=author, drawn=drawn, method=method, progress=progress
        )
    for sentence in remarks_on(completion):
        click.echo(f"warning: {sentence}", err=True)
    click.echo(files.nifti)
