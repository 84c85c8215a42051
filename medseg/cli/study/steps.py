"""The signatures that can be put on many cases: submit, approve, request changes, release, withdraw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from medseg.cli.study.batch import UNLIKELY, Task, batch_options, run_batch

if TYPE_CHECKING:
    from medseg.study.records import Case
    from medseg.workflows.study import CaseView, SignedIn, Study


def _step(ctx: click.Context, meaning: str, given: dict[str, Any]) -> None:
    if given.get("revision") and len(given["cases"]) != 1:
        raise click.UsageError("--revision is about one CASE")
    reason: str = given.pop("reason") or ""
    structures: tuple[str, ...] | None = given.pop("only", None) or None
    revision: str | None = given.pop("revision")

    def act(study: Study, who: SignedIn, case: Case) -> Case:
        from medseg.workflows.study import take_step

        taken = take_step(
            study,
            who,
            case.id,
            meaning,
            reason=reason,
            structures=structures,
            revision=revision,
            expected_version=case.version,
        )
        return taken.case

    def foresee(view: CaseView, who: SignedIn) -> str:
        return _foreseen(view, who, meaning)

    run_batch(ctx, Task(f"sign as {meaning}", act, foresee), given)


def _foreseen(view: CaseView, who: SignedIn, asked: str) -> str:
    from medseg.workflows.study.open_steps import open_steps
    from medseg.workflows.study.signed_history import shown_numbers

    # A blind read is submitted as read.
    meanings = {asked, "read"} if asked == "submitted" else {asked}
    step = next((step for step in open_steps(view, who.person) if step.meaning.value in meanings), None)
    if step is None:
        return UNLIKELY
    number = shown_numbers(view)[step.revision.digest]
    return f"sign revision {number} as {step.meaning}, in the name of {who.person.name}"


_reason = click.option("--reason", help="Why.")
_needed_reason = click.option("--reason", required=True, help="Why.")
_revision = click.option(
    "--revision",
    help="The revision that you looked at, by number or digest: if there is a later one, nothing is signed.",
)


@click.command()
@batch_options
@_reason
@_revision
@click.pass_context
def submit(ctx: click.Context, /, **given: Any) -> None:
    """Submit your latest revision of each CASE.

    The signature means submitted; read, where reads are blind.
    """
    _step(ctx, "submitted", given)


@click.command()
@batch_options
@_reason
@_revision
@click.option(
    "--only", multiple=True, metavar="ID", help="A structure that the approval covers. Default: all."
)
@click.pass_context
def approve(ctx: click.Context, /, **given: Any) -> None:
    """Approve each CASE.

    For radiologists, of what they did not contour.
    """
    _step(ctx, "approved", given)


@click.command("request-changes")
@batch_options
@_needed_reason
@_revision
@click.pass_context
def request_changes(ctx: click.Context, /, **given: Any) -> None:
    """Give each CASE back to its reader."""
    _step(ctx, "changes-requested", given)


@click.command()
@batch_options
@_reason
@_revision
@click.pass_context
def release(ctx: click.Context, /, **given: Any) -> None:
    """Release each approved CASE.

    For QA.
    """
    _step(ctx, "released", given)


@click.command()
@batch_options
@_needed_reason
@_revision
@click.pass_context
def withdraw(ctx: click.Context, /, **given: Any) -> None:
    """Take each CASE out of use."""
    _step(ctx, "withdrawn", given)
