"""``medseg report``."""

from __future__ import annotations

from pathlib import Path

import click

from medseg.cli.progress import progress_bar


def _window(
    _ctx: click.Context, _param: click.Parameter, value: tuple[float, float] | None
) -> tuple[float, float] | None:
    if value is not None and not value[0] < value[1]:
        raise click.BadParameter(f"expected the lower value first, got {value[0]:g} {value[1]:g}")
    return value


@click.command()
@click.argument("label_map", metavar="LABELMAP", type=click.Path(path_type=Path))
@click.option(
    "--out",
    "files",
    required=True,
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The report to write, *.html or *.pdf; twice for both.",
)
@click.option(
    "--image",
    type=click.Path(path_type=Path),
    help="The image that was drawn on, a DICOM folder or a NIfTI file.",
)
@click.option("--series", "series_uid", metavar="UID", help="Which series, where that folder holds several.")
@click.option(
    "--quantity",
    type=click.Choice(["HU", "SUVbw", "BQML", "CNTS"]),
    help="What the values of a NIfTI image are, which does not say it.",
)
@click.option(
    "--trust", type=click.Path(path_type=Path), help="The trust folder; without it no signature is verified."
)
@click.option(
    "--title",
    default="Segmentation report",
    show_default=True,
    help="The heading; the report names no patient but by it.",
)
@click.option(
    "--window",
    type=(float, float),
    callback=_window,
    metavar="LOW HIGH",
    help="The values shown as black and white. Default: -160 240 for HU.",
)
@click.option("--overwrite", is_flag=True, help="Replace a report that is there.")
def report(
    label_map: Path,
    *,
    files: tuple[Path, ...],
    image: Path | None,
    series_uid: str | None,
    quantity: str | None,
    trust: Path | None,
    title: str,
    window: tuple[float, float] | None,
    overwrite: bool,
) -> None:
    """Write a report of LABELMAP on one page: pictures, main numbers, sign-off and signatures."""
    from medseg.workflows.case_report import Quantity, case_report, require_writable, save_case_report

    for path in files:
        require_writable(path, overwrite=overwrite)
    with progress_bar() as progress:
        found = case_report(
            label_map,
            image,
            trust=trust,
            title=title,
            series_uid=series_uid,
            quantity=Quantity(quantity) if quantity else None,
            window=window,
            progress=progress,
        )
    for path in files:
        save_case_report(found, path, overwrite=overwrite)
    click.echo(f"{found.standing.badge}. {found.standing.words}")
