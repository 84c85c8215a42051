"""Do one thing to many cases: ask first, go on after a refusal, and report each case."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from medseg.cli.interruption import Stop, stoppable
from medseg.cli.study.answer import print_json
from medseg.cli.study.options import (
    Credentials,
    filter_options,
    key_options,
    open_chosen,
    study_option,
    taken_filter,
)
from medseg.cli.text_table import text_table
from medseg.errors import Cancelled, MedsegError, SessionEndedError, UnknownCaseError

if TYPE_CHECKING:
    from medseg.study.records import Case
    from medseg.study.worklist import Filter
    from medseg.workflows.study import CaseView, SignedIn, Study

UNLIKELY = "is not possible now, or not for you: it will be refused"
"""What is foreseen where somebody can't give a signature."""


@dataclass(frozen=True)
class Task:
    """What is done to each case.

    Attributes:
        words: It, in words: ``sign as approved``.
        act: Does it to one case, as that was when the user was asked, and returns what the case is then.
        foresee: Tells what it would do, before it is done.
    """

    words: str
    act: Callable[[Study, SignedIn, Case], Case]
    foresee: Callable[[CaseView, SignedIn], str]


@dataclass
class _Planned:
    """One case that was chosen."""

    case_id: str
    case: Case | None
    foreseen: str

    @property
    def state(self) -> str:
        return "-" if self.case is None else self.case.state.value


@dataclass
class _Report:
    """What became of each case; told as it happens."""

    as_json: bool
    rows: list[dict[str, Any]] = field(default_factory=list)

    def done(self, case: Case) -> None:
        self._add(case.id, "done", case.state.value, state=case.state.value, version=case.version)

    def refused(self, case_id: str, error: MedsegError) -> None:
        said = f"{error.message}{f' ({error.hint})' if error.hint else ''}"
        self._add(case_id, "refused", said, **error.as_dict())

    def not_done(self, case_id: str) -> None:
        self._add(case_id, "not-done", "", state=None)

    def _add(self, case_id: str, result: str, said: str, **more: Any) -> None:
        self.rows.append({"case": case_id, "result": result, **more})
        said = " ".join(said.split())
        click.echo(f"{case_id}: {result}{': ' if said else ''}{said}", err=self.as_json)

    @property
    def counts(self) -> dict[str, int]:
        results = [row["result"] for row in self.rows]
        return {result: results.count(result) for result in ("done", "refused", "not-done")}


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


def run_batch(ctx: click.Context, task: Task, given: dict[str, Any]) -> None:
    """Do something to the cases that were named or pass the filter.

    The key is unlocked once, and again when the session has ended meanwhile. A stop from outside comes
    between two cases: each is done, or it is not.

    Args:
        ctx: The command's context: it ends with exit code 1 when any case was refused.
        task: What is done.
        given: What the command was given by :func:`batch_options`.

    Raises:
        click.UsageError: Neither cases nor a filter were given, or both.
        MedsegError: What ended it: the user, or a key that could not be opened again. What was done until
            then is reported and stays.
    """
    as_json: bool = given["as_json"]
    study = open_chosen(given["study_folder"])
    chosen = _chosen(study, given["cases"], taken_filter(given))
    report = _Report(as_json)
    stopped: MedsegError | None = None
    if chosen:
        credentials = Credentials.of(given)
        who = credentials.sign_in(study)
        planned = [_foreseen(study, who, task, case_id) for case_id in chosen]
        if not given["yes"]:
            _ask(planned, task)
        stopped = _Run(study, credentials, task, report).over(planned, who)
    _finish(ctx, report, stopped)


def _chosen(study: Study, named: Sequence[str], wanted: Filter | None) -> list[str]:
    from medseg.workflows.study import list_cases

    if named and wanted is not None:
        raise click.UsageError("name cases, or give a filter, not both")
    if named:
        return list(dict.fromkeys(named))
    if wanted is None:
        raise click.UsageError("name a case, or give a filter such as --state submitted")
    return [row.case.id for row in list_cases(study, filter=wanted).rows]


def _foreseen(study: Study, who: SignedIn, task: Task, case_id: str) -> _Planned:
    from medseg.workflows.study import show_case

    try:
        view = show_case(study, case_id, who=who)
    except UnknownCaseError as error:
        return _Planned(case_id, None, error.message)
    return _Planned(case_id, view.case, task.foresee(view, who))


def _ask(planned: Sequence[_Planned], task: Task) -> None:
    rows = [(each.case_id, each.state, each.foreseen) for each in planned]
    for line in text_table(("case", "state", "what would happen"), rows):
        click.echo(line, err=True)
    count = "1 case" if len(planned) == 1 else f"{len(planned)} cases"
    try:
        agreed = click.confirm(f"{task.words}: {count}?", err=True)
    except click.Abort:
        agreed = False
    if not agreed:
        raise Cancelled("nothing was done", hint="--yes acts without asking", reason="cancelled")


@dataclass(frozen=True)
class _Run:
    """One run over the cases."""

    study: Study
    credentials: Credentials
    task: Task
    report: _Report

    def over(self, planned: Sequence[_Planned], who: SignedIn) -> MedsegError | None:
        """Do it to each; what ended it before its time, if anything did."""
        with stoppable("what was done stays") as stop:
            for number, each in enumerate(planned):
                try:
                    stop.check()
                    who = self._one(each, who, stop)
                except (Cancelled, _KeyLost) as end:
                    for left in planned[number:]:
                        self.report.not_done(left.case_id)
                    return end.error if isinstance(end, _KeyLost) else end
        return None

    def _one(self, each: _Planned, who: SignedIn, stop: Stop) -> SignedIn:
        """Do it to one case; who signed in for it, perhaps anew."""
        if each.case is None:
            self.report.refused(each.case_id, UnknownCaseError(each.foreseen))
            return who
        try:
            try:
                after = self.task.act(self.study, who, each.case)
            except SessionEndedError as ended:
                who = self._anew(ended, stop)
                after = self.task.act(self.study, who, each.case)
        except Cancelled:
            raise
        except MedsegError as error:
            self.report.refused(each.case_id, error)
        else:
            self.report.done(after)
        return who

    def _anew(self, ended: SessionEndedError, stop: Stop) -> SignedIn:
        """Open the key again (21 CFR 11.200(a)(1)(ii))."""
        if not self.credentials.can_ask_again:
            raise _KeyLost(ended)
        click.echo(f"medseg: {ended.message}", err=True)
        with stop.at_once():
            try:
                return self.credentials.sign_in(self.study)
            except Cancelled:
                raise
            except MedsegError as error:
                raise _KeyLost(error) from error


class _KeyLost(Exception):  # noqa: N818 - it carries the error
    """The session is over and can't be had again: no later case can be signed either."""

    def __init__(self, error: MedsegError) -> None:
        super().__init__(error.message)
        self.error = error


def _finish(ctx: click.Context, report: _Report, stopped: MedsegError | None) -> None:
    """Sum up. With JSON there is one document, whatever ended the run."""
    counts = report.counts
    if not report.rows:
        click.echo("no case passes the filter", err=True)
    elif len(report.rows) > 1:
        click.echo(", ".join(f"{count} {result}" for result, count in counts.items() if count), err=True)
    if report.as_json:
        answer = {"cases": report.rows, "counts": counts, "stopped": stopped and stopped.as_dict()}
        print_json(answer)
    if stopped is not None:
        if not report.as_json:
            raise stopped
        click.echo(f"medseg: error: {stopped.message}", err=True)
        ctx.exit(stopped.exit_code)
    ctx.exit(1 if counts["refused"] else 0)
