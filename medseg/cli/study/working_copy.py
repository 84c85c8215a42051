"""``medseg study checkout``, ``save`` and ``view``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from medseg.cli.study.answer import print_json, revision_as_dict, short
from medseg.cli.study.options import Credentials, key_options, open_chosen, study_option

_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.command()
@click.argument("case")
@click.option(
    "--out", type=click.Path(path_type=Path), help="A folder for the copy. Default: work in the study."
)
@_json
@study_option
@key_options
def checkout(case: str, out: Path | None, **given: Any) -> None:
    """Take a working copy of your CASE: its latest revision, to be worked on with any program."""
    from medseg.workflows.study import check_out

    study = open_chosen(given["study_folder"])
    copy = check_out(study, Credentials.of(given).sign_in(study), case, out=out)
    if given["as_json"]:
        print_json(
            {
                "case": case,
                "image": str(copy.image),
                "label_map": str(copy.files.nifti),
                "parent": copy.parent,
                "unsaved": copy.is_unsaved,
            }
        )
        return
    click.echo(f"image: {copy.image}")
    click.echo(f"label map: {copy.files.nifti}{'' if copy.files.nifti.exists() else ' (to be made)'}")
    if copy.is_unsaved:
        click.echo("there is work in it that no revision holds: it was kept as it is", err=True)


@click.command()
@click.argument("case")
@click.argument("label_map", metavar="[LABELMAP]", required=False, type=click.Path(path_type=Path))
@_json
@study_option
@key_options
def save(case: str, label_map: Path | None, **given: Any) -> None:
    """Save LABELMAP, with its sidecars, as a new revision of your CASE.

    Default: the working copy in the study.
    """
    from medseg.workflows.study import save_revision
    from medseg.workflows.study.signed_history import shown_number

    study = open_chosen(given["study_folder"])
    who = Credentials.of(given).sign_in(study)
    path = label_map or study.folder.work(case, who.person.id).nifti
    revision = save_revision(study, who, case, path)
    number = shown_number(study, who, revision)
    if given["as_json"]:
        print_json(revision_as_dict(revision, number))
    else:
        click.echo(f"{case}: revision {number} ({short(revision.digest)})")


@click.command()
@click.argument("case")
@click.option("--revision", help="Digest of the revision, or its first digits. Default: the latest.")
@_json
@study_option
@key_options
def view(case: str, revision: str | None, **given: Any) -> None:
    """Tell where a revision of CASE lies, for looking at it; the look is written down."""
    from medseg.workflows.study import view_revision

    study = open_chosen(given["study_folder"])
    files = view_revision(study, Credentials.of(given).sign_in(study), case, revision)
    if given["as_json"]:
        print_json({"case": case, "label_map": str(files.nifti)})
    else:
        click.echo(files.nifti)
