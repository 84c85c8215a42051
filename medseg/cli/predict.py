"""``medseg predict``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from medseg.cli.interruption import cancellable
from medseg.cli.progress import progress_bar

if TYPE_CHECKING:
    from medseg.workflows.predict import CaseResult


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("cases", metavar="CASE…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder for the label maps.")
@click.option(
    "--device",
    default="auto",
    show_default=True,
    help="auto (a CUDA device where there is one), cpu, cuda, or cuda:1 and so on.",
)
@click.option(
    "--allow-code",
    is_flag=True,
    help="Run a bundle that brings code of its own: it can do whatever you can. Recorded.",
)
@click.option(
    "--uncertainty",
    is_flag=True,
    help="Ask about each case several times, slightly changed, and write beside its label map how far the "
    "answers agree.",
)
@click.option(
    "--samples",
    type=int,
    help="How often to ask for --uncertainty, 2 to 64.  [default: 8]",
)
@click.option(
    "--mirror",
    is_flag=True,
    help="With --uncertainty: mirror some from left to right, for a bundle that was trained so.",
)
@click.option("--author", default="unnamed", show_default=True, help="Printed name for the record.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def predict(
    ctx: click.Context,
    /,
    bundle: Path,
    cases: tuple[Path, ...],
    *,
    out: Path,
    device: str,
    allow_code: bool,
    author: str,
    as_json: bool,
    uncertainty: bool,
    samples: int | None,
    mirror: bool,
) -> None:
    """Let a MONAI bundle propose label maps.

    BUNDLE is a folder or a zip; each CASE a DICOM folder or a NIfTI file. The label map of a case lies on the
    case's own grid, as <case>_dseg.nii.gz. Those that an earlier run of the same command made are kept. Exits
    with 1 if a case was refused. Weights are never fetched.
    """
    if not uncertainty and (samples is not None or mirror):
        raise click.UsageError("--samples and --mirror belong to --uncertainty")
    hint = "what is finished stays; the same command goes on from there"
    with cancellable(hint), progress_bar() as progress:
        from medseg.workflows.predict import predict as predict_cases
        from medseg.workflows.predicted_doubt import sampling_of

        predictions = predict_cases(
            bundle,
            cases,
            out,
            device=device,
            allow_code=allow_code,
            author=author,
            uncertainty=sampling_of(samples, mirror=mirror) if uncertainty else None,
            progress=progress,
            watch=_ignore if as_json else _print_line,
        )
    if as_json:
        click.echo(json.dumps(predictions.as_dict(), indent=1))
    if predictions.refused:
        ctx.exit(1)


def _print_line(case: CaseResult) -> None:
    where = case.output if case.output is not None else case.case
    told = " ".join(filter(None, (case.reason and f"[{case.reason}]", case.message, _doubt(case))))
    click.echo(f"{case.status.value}: {where}{f' ({told})' if told else ''}")


def _doubt(case: CaseResult) -> str:
    if case.uncertainty is None:
        return ""
    value = case.uncertainty["value"]
    return "uncertainty: found none" if value is None else f"uncertainty {value:.2f}"


def _ignore(_: CaseResult) -> None:
    """A JSON document tells of all cases at the end."""
