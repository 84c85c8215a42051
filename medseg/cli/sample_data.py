"""``medseg sample-data``."""

from __future__ import annotations

from pathlib import Path

import click

from medseg.cli.progress import progress_bar

MOST_PATIENTS = 999


@click.command("sample-data")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--phantom", "name", default="abdomen", show_default=True, help="abdomen (CT) or brain (MR).")
@click.option("--size", default="small", show_default=True, help="small, or full as a scanner gives it.")
@click.option(
    "--patients",
    type=click.IntRange(1, MOST_PATIENTS),
    metavar="N",
    help="Instead of one phantom N patients with a tumour each, small enough to train a network on.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Which patients.")
@click.pass_context
def sample_data(
    ctx: click.Context, out: Path, *, name: str, size: str, patients: int | None, seed: int
) -> None:
    """Make a phantom in the folder OUT: a DICOM series, the image as NIfTI, and its truth.

    With --patients a folder each, 001 and so on: a DICOM series, its truth, and a place in the tumour
    to click on.
    """
    from medseg.workflows.sample_data import PHANTOM_NAMES, SIZE_NAMES, write_sample_data
    from medseg.workflows.sample_patients import write_sample_patients

    _require_either(ctx, patients)
    for value, offered, option in ((name, PHANTOM_NAMES, "--phantom"), (size, SIZE_NAMES, "--size")):
        if value not in offered:
            raise click.BadParameter(f"expected one of {', '.join(offered)}", param_hint=option)
    with progress_bar() as progress:
        if patients is None:
            click.echo(write_sample_data(out, name=name, size=size, progress=progress))
        else:
            click.echo(write_sample_patients(out, patients, seed=seed, progress=progress))


def _require_either(ctx: click.Context, patients: int | None) -> None:
    """Refuse options that would do nothing."""
    idle = ("seed",) if patients is None else ("name", "size")
    for parameter in idle:
        if ctx.get_parameter_source(parameter) is not click.core.ParameterSource.DEFAULT:
            option = "--phantom" if parameter == "name" else f"--{parameter}"
            with_it = "needs --patients" if patients is None else "does not go with --patients"
            raise click.UsageError(f"{option} {with_it}")
