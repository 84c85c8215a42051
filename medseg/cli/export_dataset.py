"""``medseg export dataset``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from medseg.cli.interruption import cancellable
from medseg.cli.progress import progress_bar
from medseg.cli.study.answer import print_json
from medseg.cli.study.options import (
    Credentials,
    filter_options,
    key_options,
    open_chosen,
    study_option,
    taken_filter,
)
from medseg.errors import StudyError

_SHARE = click.FloatRange(0, 1, max_open=True)


@click.command("dataset")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--name", default="medseg", show_default=True, help="What the set is called.")
@click.option("--description", default="", help="What it is.")
@click.option("--modality", default="", help="What the images are. Default: as their DICOM series said.")
@click.option("--released-only", is_flag=True, help="An approval without a release is not enough.")
@click.option(
    "--label",
    "structures",
    multiple=True,
    metavar="NAME",
    help="A structure, by name; repeatable, the first gets label 1. Default: those that were asked for.",
)
@click.option(
    "--missing",
    type=click.Choice(["leave-out", "background"]),
    default="leave-out",
    show_default=True,
    help="What becomes of a case that lacks a structure which it was not asked for.",
)
@click.option(
    "--validation-fraction", type=_SHARE, default=0.0, help="Share for validation, by a hash of the ids."
)
@click.option("--test-fraction", type=_SHARE, default=0.0, help="Share for the test, likewise.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@filter_options
@study_option
@key_options
def export_dataset(out: Path, *, as_json: bool, **given: Any) -> None:
    """Write a training set for MONAI: what is approved, with its attestations.

    OUT is a new folder: dataset.json (the datalist), images, labels, each signed label map as it is with its
    statements, the trust folder to verify them by, and left_out.json.
    """
    from medseg.study.worklist import ALL
    from medseg.workflows.study import export_dataset as write

    wanted = taken_filter(given) or ALL
    study = open_chosen(given.pop("study_folder"))
    credentials = Credentials(*(given.pop(name) for name in ("key", "passphrase_file", "passphrase_fd")))
    who = credentials.sign_in(study)
    try:
        with cancellable("nothing was exported"), progress_bar() as progress:
            dataset = write(study, who, out, wanted=wanted, progress=progress, **given)
    except StudyError as error:
        for each in error.details.get("left_out", ()):  # type: ignore[attr-defined]
            click.echo(f"left out ({each['reason']}): {each['case']}: {each['message']}", err=True)
        raise
    for left in dataset.left_out:
        click.echo(f"left out ({left.reason}): {left.case}: {left.message}", err=True)
    if as_json:
        print_json(dataset.as_dict())
        return
    for case in dataset.cases:
        for name, became in case.merged.items():
            click.echo(f"{case.signed.case.id}: {name} became {became}", err=True)
        for warning in case.warnings:
            click.echo(f"{case.signed.case.id}: {warning}", err=True)
    labels = ", ".join(f"{label} {name}" for name, label in dataset.labels.items())
    click.echo(f"{out}: {len(dataset.cases)} cases, {len(dataset.left_out)} left out; labels: {labels}")
