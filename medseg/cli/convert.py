"""``medseg convert``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from medseg.cli.interruption import cancellable
from medseg.cli.progress import batch_bar
from medseg.cli.read_options import chosen, read_options
from medseg.cli.volume_table import print_volumes


@click.command()
@click.argument("inputs", metavar="IN…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--no-compress", is_flag=True, help="Write .nii instead of .nii.gz.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many processes work at a time. Default: one a usable processor.",
)
@click.option("--scheduler", metavar="ADDRESS", help="Let the workers of this Dask scheduler do the work.")
@read_options
@click.option("--names", metavar="TEMPLATE", help="Template of the output names. Default: BIDS-like.")
@click.option("--keep-phi", is_flag=True, help="Let names and sidecars hold what identifies the patient.")
@click.option(
    "--secret",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The secret that pseudonyms are keyed with. Default: your own.",
)
@click.pass_context
def convert(
    ctx: click.Context,
    /,
    inputs: tuple[Path, ...],
    out: Path,
    *,
    no_compress: bool,
    jobs: int | None,
    scheduler: str | None,
    names: str | None,
    keep_phi: bool,
    secret: Path | None,
    **read: Any,
) -> None:
    """Convert every regular CT, MR and PET volume below IN… to NIfTI in the folder OUT.

    OUT is new, empty, or from an earlier run of the same command, which then goes on where it stopped.
    OUT/manifest.json says what became of every volume and file. It identifies the patients; nothing else
    in OUT does, unless --keep-phi is given. Exits with 1 if anything was refused.
    """
    hint = "what is finished stays; the same command goes on from there"
    with cancellable(hint), batch_bar() as (progress, watch):
        # Imported here, where Ctrl-C is minded already.
        from medseg.workflows.convert import ConvertOptions
        from medseg.workflows.convert import convert as convert_folders

        options = ConvertOptions(
            read=chosen(**read),
            compress=not no_compress,
            keep_phi=keep_phi,
            secret=secret,
            **({} if names is None else {"names": names}),
        )
        conversion = convert_folders(
            inputs, out, options, workers=jobs, scheduler=scheduler, progress=progress, watch=watch
        )
    print_volumes(conversion.volumes, {entry.summary.id: entry.shown for entry in conversion.entries})
    if conversion.kept:
        click.echo(f"{conversion.kept} of them were converted by an earlier run")
    for output in conversion.left_over:  # may be an incomplete volume that has become whole meanwhile
        click.echo(f"{output}: left over from an earlier run; no volume of these inputs is written there")
    if conversion.refused:
        ctx.exit(1)
