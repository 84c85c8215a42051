"""``medseg study add``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from medseg.cli.interruption import Stop, stoppable
from medseg.cli.progress import progress_bar
from medseg.cli.study.answer import case_as_dict, print_json
from medseg.cli.study.case_list import WantedCase, named_cases, read_table
from medseg.cli.study.options import DAY, Credentials, as_day, key_options, open_chosen, study_option
from medseg.errors import Cancelled, MedsegError

if TYPE_CHECKING:
    from medseg.progress import Progress
    from medseg.study.records import Case
    from medseg.workflows.study import SignedIn, Study


@click.command()
@click.argument("images", metavar="[IMAGE]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--table",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A table of images (CSV): columns image, id, structures (parted by |), reads, due.",
)
@click.option("--id", "case_id", help="Id of the case, for one image; not the patient's. Default: counted.")
@click.option("--structure", "structures", multiple=True, help="Name of a structure that is wanted.")
@click.option("--reads", type=int, help="How many readers, blind where several. Default: as the policy says.")
@click.option("--due", type=DAY, help="Until when.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@study_option
@key_options
@click.pass_context
def add(ctx: click.Context, /, **given: Any) -> None:
    """Copy each IMAGE into the study, as a case.

    An IMAGE is a NIfTI file, a folder of them, or a DICOM folder with one volume. The copy is NIfTI without
    any text of the original's header. An image that can't be added is reported, and the others are added.
    Exit code 1 when any was not.
    """
    wanted = _wanted(given)
    study = open_chosen(given["study_folder"])
    adding = _Adding(study, Credentials.of(given).sign_in(study), as_json=given["as_json"])
    stopped: Cancelled | None = None
    with stoppable("what was added stays") as stop:
        try:
            for each in wanted:
                stop.check()
                adding.add(each, stop)
        except Cancelled as end:
            stopped = end
    if given["as_json"]:
        print_json({"cases": adding.answers, "stopped": stopped and stopped.as_dict()})
    if stopped is not None:
        if not given["as_json"]:
            raise stopped
        click.echo(f"medseg: error: {stopped.message}", err=True)
        ctx.exit(stopped.exit_code)
    ctx.exit(1 if adding.refused else 0)


def _wanted(given: dict[str, Any]) -> tuple[WantedCase, ...]:
    table: Path | None = given["table"]
    if bool(given["images"]) == (table is not None):
        raise click.UsageError("give images, or a --table of them")
    for_all = WantedCase(
        Path(), structures=given["structures"], reads=given["reads"], due=as_day(given["due"])
    )
    wanted = named_cases(given["images"], for_all) if table is None else read_table(table, for_all)
    if given["case_id"] is None:
        return wanted
    if len(wanted) != 1:
        raise click.UsageError(f"--id names one case, and {len(wanted)} images were given")
    return (replace(wanted[0], case_id=given["case_id"]),)


class _Adding:
    """Adds one image after the other."""

    def __init__(self, study: Study, who: SignedIn, *, as_json: bool) -> None:
        self._study = study
        self._who = who
        self._as_json = as_json
        self.answers: list[dict[str, Any]] = []
        self.refused = 0

    def add(self, wanted: WantedCase, stop: Stop) -> None:
        """Add one; tell if it can't be."""
        from medseg.workflows.study import add_case

        try:
            with progress_bar() as draw:
                case = add_case(
                    self._study,
                    self._who,
                    wanted.image,
                    case_id=wanted.case_id,
                    structures=wanted.structures,
                    reads=wanted.reads,
                    due=wanted.due,
                    progress=_checking(stop, draw),
                )
        except Cancelled:
            raise
        except MedsegError as error:
            self.refused += 1
            self.answers.append({"image": str(wanted.image), "case": None, **error.as_dict()})
            click.echo(f"medseg: {wanted.image}: {error.message}", err=True)
        else:
            self.answers.append({"image": str(wanted.image), "case": case_as_dict(case)})
            click.echo(_line(case, wanted.image), err=self._as_json)


def _checking(stop: Stop, draw: Progress) -> Progress:
    """Draw progress, and stop where that was asked for: a series is read before anything is written."""

    def progress(task: str, done: int, total: int) -> None:
        stop.check()
        draw(task, done, total)

    return progress


def _line(case: Case, image: Path) -> str:
    readers = "" if case.reads == 1 else f", {case.reads} blind readers"
    return f"{case.id}: {image.name}{readers}"
