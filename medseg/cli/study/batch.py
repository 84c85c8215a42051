"""Do one thing to many cases: ask first, go on after a refusal, and report each case."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from medseg.cli.interruption import cancellable
from medseg.cli.study.answer import print_json, table
from medseg.cli.study.options import (
    Credentials,
    filter_options,
    key_options,
    open_chosen,
    study_option,
    taken_filter,
)
from medseg.errors import Cancelled, MedsegError, SessionEndedError

if TYPE_CHECKING:
    from medseg.study.records import Case
    from medseg.study.worklist import Filter
    from medseg.workflows.study import SignedIn, Study

Act = Callable[["Study", "SignedIn", str], "Case"]
"""What is done to one case."""


def batch_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add CASE... and the options that choose cases, say who acts, and whether to ask."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print one JSON document."),
        click.option("--yes", is_flag=True, help="Do not ask before acting: for scripts."),
        key_options,
        study_option,
        filter_options,
        click.argument("cases", metavar="[CASE]...", nargs=-1),
    ):
        command = option(command)
    return command


@dataclass
class _Report:
    """What became of each case."""

    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, case_id: str, result: str, **more: Any) -> None:
        self.rows.append({"case": case_id, "result": result, **more})

    def count(self, result: str) -> int:
        return sum(row["result"] == result for row in self.rows)


def run_batch(ctx: click.Context, what: str, act: Act, given: dict[str, Any]) -> None:
    """Do something to the cases that were named or pass the filter.

    Args:
        ctx: The command's context: it ends with exit code 1 when any case was refused.
        what: What is done, in words.
        act: Does it to one case.
        given: What the command was given by :func:`batch_options`.

    Raises:
        click.UsageError: Neither cases nor a filter were given.
        Cancelled: The user stopped it, after what was done has been reported.
    """
    study = open_chosen(given["study_folder"])
    chosen = _chosen(study, given["cases"], taken_filter(given))
    if not chosen:
        click.echo("no case passes the filter", err=True)
    elif not given["yes"]:
        _ask(chosen, what, as_json=given["as_json"])
    credentials = Credentials(given["key"], given["passphrase_file"], given["passphrase_fd"])
    report = _Report()
    try:
        if chosen:
            _act_on_each(study, credentials, chosen, act, report)
    finally:
        _print(report, as_json=given["as_json"])
    ctx.exit(1 if report.count("refused") else 0)


def _chosen(study: Study, named: Sequence[str], wanted: Filter | None) -> list[Case]:
    from medseg.workflows.study import list_cases, show_case

    if named and wanted is not None:
        raise click.UsageError("name cases, or give a filter, not both")
    if named:
        return [show_case(study, case_id).case for case_id in dict.fromkeys(named)]
    if wanted is None:
        raise click.UsageError("name a case, or give a filter such as --state submitted")
    return [row.case for row in list_cases(study, filter=wanted).rows]


def _ask(cases: Sequence[Case], what: str, *, as_json: bool) -> None:
    for line in table(("case", "state"), [(case.id, case.state.value) for case in cases]):
        click.echo(line, err=as_json)
    if not click.confirm(f"{what}: {len(cases)} cases?", err=True):
        raise Cancelled("nothing was done", hint="--yes acts without asking")


def _act_on_each(
    study: Study, credentials: Credentials, cases: Sequence[Case], act: Act, report: _Report
) -> None:
    who = credentials.sign_in(study)
    with cancellable("what was done is reported, and stays"):
        for number, case in enumerate(cases):
            try:
                try:
                    after = act(study, who, case.id)
                except SessionEndedError:
                    if not credentials.can_ask_again:
                        raise
                    who = credentials.sign_in(study)
                    after = act(study, who, case.id)
            except Cancelled:
                for left in cases[number:]:
                    report.add(left.id, "not-done")
                raise
            except MedsegError as error:
                report.add(case.id, "refused", **error.as_dict())
                click.echo(f"medseg: {case.id}: {error.message}", err=True)
            else:
                report.add(case.id, "done", state=after.state.value, version=after.version)


def _print(report: _Report, *, as_json: bool) -> None:
    if as_json:
        counts = {result: report.count(result) for result in ("done", "refused", "not-done")}
        print_json({"cases": report.rows, "counts": counts})
        return
    for row in report.rows:
        said = f": {row['message']}" if row["result"] == "refused" else ""
        state = f", {row['state']}" if "state" in row else ""
        click.echo(f"{row['case']}: {row['result']}{state}{said}")
