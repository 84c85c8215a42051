"""``medseg verify``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from medseg.workflows.verify import Verification

_MEANS = {
    "valid": "this is what was signed",
    "content-matches": "the content is what was signed; the bytes of the files differ",
    "invalid": "this is not what was signed, or the signatures are not good",
    "unsigned": "nobody signed this",
}


_INCLUDES = {"released": "approved"}
"""What a state is besides: a release does not take the approval away."""


@click.command()
@click.argument("label_map", metavar="LABELMAP", type=click.Path(path_type=Path))
@click.option("--trust", required=True, type=click.Path(path_type=Path), help="The trust folder.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option(
    "--require",
    type=click.Choice(
        ["submitted", "adjudication", "changes-requested", "approved", "released", "withdrawn", "superseded"]
    ),
    help="Fail unless the label map is in this state; what is released is approved, too.",
)
def verify(label_map: Path, trust: Path, as_json: bool, require: str | None) -> None:  # noqa: FBT001 - click
    """Tell whether LABELMAP is what was signed, by whom, and what differs.

    Exit code 0: it is. 1: it is not, or it is not in the state required.
    """
    from medseg.workflows.verify import verify as verify_label_map

    verification = verify_label_map(label_map, trust=trust)
    if as_json:
        click.echo(json.dumps(verification.as_dict(), indent=2, allow_nan=False))
    else:
        for line in _lines(verification):
            click.echo(line)
    reached = require in (None, verification.state.value, _INCLUDES.get(verification.state.value))
    if not reached:
        click.echo(f"medseg: {label_map.name} is {verification.state}, not {require}", err=True)
    sys.exit(0 if verification.holds and reached else 1)


def _lines(verification: Verification) -> Iterator[str]:
    """The answer for people: the verdict, who signed, what differs."""
    verdict = verification.verdict.value
    yield f"{verdict.upper()} ({verification.state}): {_MEANS[verdict]}"
    # What was signed and what lies here are two things where the verdict is not good.
    then = "" if verification.holds else "signed then: "
    for signature in verification.signatures:
        reason = f": {signature.reason}" if signature.reason else ""
        time = signature.signed_at.isoformat(sep=" ", timespec="seconds")
        clock = "by the signer's clock"
        if signature.checkpointed_at is not None:
            clock = (
                f"there by {signature.checkpointed_at.isoformat(sep=' ', timespec='seconds')} (checkpoint)"
            )
        yield f"  {then}{signature.meaning} by {signature.name} ({signature.role}), {time} {clock}{reason}"
    partial = [one for one in verification.structures if one.approved_by]
    if partial and verification.state.value == "submitted":
        for one in partial:
            yield f"  approved so far: {one.name}, by {', '.join(one.approved_by)}"
    for problem in verification.problems:
        yield f"  problem: {problem}"
    for difference in verification.differs:
        moved = "" if not difference.max_mm else f"; moves voxels by up to {difference.max_mm:.4g} mm"
        yield (
            f"  differs: {difference.field}: expected {_shown(difference.expected)}, "
            f"found {_shown(difference.found)}{moved}"
        )
    for name in verification.rewritten:
        yield f"  other bytes: {name}"
    for warning in verification.warnings:
        yield f"  warning: {warning}"


def _shown(value: Any) -> str:
    """A value on one line, digests shortened."""
    if isinstance(value, dict) and value.keys() == {"voxel_count", "sha256"}:
        return f"{value['voxel_count']} voxels ({value['sha256'][:12]}…)"
    if value is None:
        return "none"
    if isinstance(value, str) and len(value) == 64 and " " not in value:
        return f"{value[:12]}…"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
