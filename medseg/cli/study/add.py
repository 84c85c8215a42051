"""``medseg study add``."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from medseg.cli.interruption import cancellable
from medseg.cli.progress import progress_bar
from medseg.cli.study.answer import case_as_dict, print_json
from medseg.cli.study.options import DAY, Credentials, as_day, key_options, open_chosen, study_option
from medseg.errors import Cancelled, MedsegError

if TYPE_CHECKING:
    from medseg.study.records import Case


@click.command()
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--id", "case_id", help="Id of the case, for one image; not the patient's. Default: counted.")
@click.option("--structure", "structures", multiple=True, help="Name of a structure that is wanted.")
@click.option("--reads", type=int, help="How many readers, blind where several. Default: as the policy says.")
@click.option("--due", type=DAY, help="Until when.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@study_option
@key_options
@click.pass_context
def add(ctx: click.Context, /, images: tuple[Path, ...], as_json: bool, **given: Any) -> None:  # noqa: FBT001 - click
    """Copy each IMAGE into the study, as a case.

    An IMAGE is a NIfTI file or a DICOM folder with one volume. The copy is NIfTI without any text of the
    original's header. An image that can't be added is reported, and the others are. Exit code 1 when any was
    not added.
    """
    from medseg.workflows.study import add_case

    if given["case_id"] and len(images) > 1:
        raise click.UsageError("--id names one case, but several images were given")
    study = open_chosen(given["study_folder"])
    who = Credentials(given["key"], given["passphrase_file"], given["passphrase_fd"]).sign_in(study)
    due: datetime | None = given["due"]
    answers: list[dict[str, Any]] = []
    refused = 0
    with cancellable("what was added stays"):
        for image in images:
            try:
                with progress_bar() as progress:
                    case = add_case(
                        study,
                        who,
                        image,
                        case_id=given["case_id"],
                        structures=given["structures"],
                        reads=given["reads"],
                        due=as_day(due),
                        progress=progress,
                    )
            except Cancelled:
                raise
            except MedsegError as error:
                refused += 1
                answers.append({"image": str(image), "case": None, **error.as_dict()})
                click.echo(f"medseg: {image}: {error.message}", err=True)
            else:
                answers.append({"image": str(image), "case": case_as_dict(case)})
                if not as_json:
                    click.echo(_line(case, image))
    if as_json:
        print_json({"cases": answers})
    ctx.exit(1 if refused else 0)


def _line(case: Case, image: Path) -> str:
    readers = "" if case.reads == 1 else f", {case.reads} blind readers"
    return f"{case.id}: {image.name}{readers}"
