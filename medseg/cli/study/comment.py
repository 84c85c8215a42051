"""``medseg study comment``."""

from __future__ import annotations

from typing import Any

import click

from medseg.cli.study.answer import comment_as_dict, comment_line, print_json
from medseg.cli.study.options import Credentials, key_options, open_chosen, optional_key_options, study_option


class _Place(click.ParamType[tuple[float, ...]]):
    """Three numbers, as ``12.5,-30,88``."""

    name = "X,Y,Z"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            place = tuple(float(part) for part in str(value).split(","))
        except ValueError:
            place = ()
        if len(place) != 3:
            self.fail(f"expected three numbers in mm, such as 12.5,-30,88, got {value!r}", param, ctx)
        return place


@click.group()
def comment() -> None:
    """Say something about a case, at a place in the patient."""


@comment.command()
@click.argument("case")
@click.argument("text")
@click.option("--structure", help="Id of the structure that it is about.")
@click.option("--at", "at_lps_mm", type=_Place(), help="Where, in patient mm (LPS).")
@click.option("--revision", help="Digest of the revision, or its first digits. Default: the latest.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@study_option
@key_options
def add(
    case: str, text: str, structure: str | None, at_lps_mm: Any, revision: str | None, **given: Any
) -> None:
    """Comment on CASE: TEXT. It must not name the patient."""
    from medseg.workflows.study import add_comment

    study = open_chosen(given["study_folder"])
    made = add_comment(
        study,
        Credentials.of(given).sign_in(study),
        case,
        text,
        structure=structure,
        at_lps_mm=at_lps_mm,
        revision=revision,
    )
    if given["as_json"]:
        print_json(comment_as_dict(made))
    else:
        click.echo(f"comment {made.id}")


@comment.command("list")
@click.argument("case")
@click.option("--open", "open_only", is_flag=True, help="Only those that are not resolved.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@study_option
@optional_key_options
def list_(case: str, open_only: bool, **given: Any) -> None:  # noqa: FBT001 - click
    """List the comments on CASE.

    Of a blind read, those of the reader whose key is given.
    """
    from medseg.workflows.study import show_case

    study = open_chosen(given["study_folder"])
    found = show_case(study, case, who=Credentials.of(given).sign_in(study) if given["key"] else None)
    comments = [one for one in found.comments if one.is_open or not open_only]
    if given["as_json"]:
        print_json({"case": case, "comments": [comment_as_dict(one) for one in comments]})
        return
    for one in comments:
        click.echo(comment_line(one))


@comment.command()
@click.argument("comment_id", metavar="NUMBER", type=int)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@study_option
@key_options
def resolve(comment_id: int, **given: Any) -> None:
    """Call the comment NUMBER resolved."""
    from medseg.workflows.study import resolve_comment

    study = open_chosen(given["study_folder"])
    resolved = resolve_comment(study, Credentials.of(given).sign_in(study), comment_id)
    if given["as_json"]:
        print_json(comment_as_dict(resolved))
    else:
        click.echo(f"comment {comment_id} is resolved")
