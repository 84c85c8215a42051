"""The signatures that can be put on many cases: submit, approve, request changes, release, withdraw."""

from __future__ import annotations

from typing import Any

import click

from medseg.cli.study.batch import batch_options, run_batch


def _step(ctx: click.Context, meaning: str, given: dict[str, Any]) -> None:
    from medseg.workflows.study import take_step

    reason, structures = given.pop("reason", None) or "", given.pop("only", ()) or None

    def act(study: Any, who: Any, case_id: str) -> Any:
        return take_step(study, who, case_id, meaning, reason=reason, structures=structures).case

    run_batch(ctx, f"sign as {meaning}", act, given)


_reason = click.option("--reason", help="Why.")
_needed_reason = click.option("--reason", required=True, help="Why.")


@click.command()
@batch_options
@_reason
@click.pass_context
def submit(ctx: click.Context, /, **given: Any) -> None:
    """Sign your latest revision of each CASE as submitted; as read, where reads are blind."""
    _step(ctx, "submitted", given)


@click.command()
@batch_options
@_reason
@click.option("--only", multiple=True, help="Id of a structure that the approval covers. Default: all.")
@click.pass_context
def approve(ctx: click.Context, /, **given: Any) -> None:
    """Sign each CASE as approved: by a radiologist who did not contour it."""
    _step(ctx, "approved", given)


@click.command("request-changes")
@batch_options
@_needed_reason
@click.pass_context
def request_changes(ctx: click.Context, /, **given: Any) -> None:
    """Give each CASE back to its reader."""
    _step(ctx, "changes-requested", given)


@click.command()
@batch_options
@_reason
@click.pass_context
def release(ctx: click.Context, /, **given: Any) -> None:
    """Sign each approved CASE as released: by QA."""
    _step(ctx, "released", given)


@click.command()
@batch_options
@_needed_reason
@click.pass_context
def withdraw(ctx: click.Context, /, **given: Any) -> None:
    """Take each CASE out of use."""
    _step(ctx, "withdrawn", given)
