"""``medseg study comment``."""

from __future__ import annotations

from typing import Any

import click

from medseg.cli.study.answer import comment_as_dict, print_json
from medseg.cli.study.options import Credentials, key_options, open_chosen, study_option


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
        _signed_in(given, study),
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


@comment.command()
@click.argument("comment_id", metavar="NUMBER", type=int)
@study_option
@key_options
def resolve(comment_id: int, **given: Any) -> None:
    """Call the comment NUMBER resolved."""
    from medseg.workflows.study import resolve_comment

    study = open_chosen(given["study_folder"])
    resolve_comment(study, _signed_in(given, study), comment_id)
    click.echo(f"comment {comment_id} is resolved")


def _signed_in(given: dict[str, Any], study: Any) -> Any:
    return Credentials(given["key"], given["passphrase_file"], given["passphrase_fd"]).sign_in(study)
