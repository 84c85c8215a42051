"""Options that the commands of a study share: which study, who acts, which cases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from medseg.cli.passphrase import passphrase_options, read_passphrase

if TYPE_CHECKING:
    from medseg.study.worklist import Filter
    from medseg.workflows.study import SignedIn, Study

_Command = TypeVar("_Command", bound=Callable[..., Any])

STATES = (
    "unassigned",
    "assigned",
    "in-progress",
    "submitted",
    "adjudication",
    "changes-requested",
    "approved",
    "released",
    "withdrawn",
    "superseded",
)
"""The states of :class:`medseg.review.states.State`, written out so that ``--help`` need not import them."""


def study_option(command: _Command) -> _Command:
    """Add ``--study``."""
    return click.option(
        "--study",
        "study_folder",
        envvar="MEDSEG_STUDY",
        show_envvar=True,
        type=click.Path(path_type=Path),
        help="The study's folder. Default: the current folder or the nearest above it that is one.",
    )(command)


def open_chosen(folder: Path | None) -> Study:
    """Open the study that was named, or the one that the current folder lies in. It is closed at the end."""
    from medseg.workflows.study import open_study

    study = open_study(folder or enclosing())
    click.get_current_context().call_on_close(study.close)
    return study


def enclosing() -> Path:
    """The current folder or the nearest above it that is a study; the current one where none is."""
    here = Path.cwd()
    return next((path for path in (here, *here.parents) if (path / "study.json").is_file()), here)


def key_options(command: _Command) -> _Command:
    """Add ``--key`` and the options for its passphrase."""
    return click.option(
        "--key",
        required=True,
        envvar="MEDSEG_KEY",
        show_envvar=True,
        type=click.Path(path_type=Path),
        help="Your key file: it says who you are.",
    )(passphrase_options(command))


def optional_key_options(command: _Command) -> _Command:
    """Add ``--key`` where anybody may look, and a key shows more."""
    return click.option(
        "--key",
        type=click.Path(path_type=Path),
        help="Your key file; a blind read is shown to its reader only.",
    )(passphrase_options(command))


@dataclass(frozen=True)
class Credentials:
    """Whose key, and where its passphrase comes from.

    Attributes:
        key: The key file.
        passphrase_file: A file that holds the passphrase.
        passphrase_fd: A descriptor to read it from.
    """

    key: Path
    passphrase_file: Path | None
    passphrase_fd: int | None

    @classmethod
    def of(cls, given: dict[str, Any]) -> Credentials:
        """Those that a command was given by :func:`key_options`."""
        return cls(given["key"], given["passphrase_file"], given["passphrase_fd"])

    def sign_in(self, study: Study) -> SignedIn:
        """Ask for the passphrase, and open the key with it."""
        from medseg.workflows.study import sign_in

        prompt = f"Passphrase of {self.key.name}"
        passphrase = read_passphrase(self.passphrase_file, self.passphrase_fd, prompt=prompt)
        return sign_in(study, self.key, passphrase)

    @property
    def can_ask_again(self) -> bool:
        """Whether the passphrase can be had a second time: a descriptor is read once."""
        return self.passphrase_fd is None


DAY = click.DateTime(["%Y-%m-%d"])


def as_day(value: datetime | None) -> date | None:
    """A date that was given as an option."""
    return None if value is None else value.date()


_FILTERS = (
    click.option("--state", "states", multiple=True, type=click.Choice(STATES), help="In this state."),
    click.option("--person", help="Read or adjudicated by this person (id)."),
    click.option("--structure", "wanted", help="This structure is wanted (name)."),
    click.option("--due-before", type=DAY, help="Due before this day."),
    click.option("--text", help="The case's id contains this."),
    click.option(
        "--open-comments/--no-open-comments", default=None, help="With open comments, or without any."
    ),
)


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that choose cases."""
    for option in reversed(_FILTERS):
        command = option(command)
    return command


FILTER_NAMES = ("states", "person", "wanted", "due_before", "text", "open_comments")


def taken_filter(given: dict[str, Any]) -> Filter | None:
    """Take the options of :func:`filter_options` out of what a command was given; None where none was."""
    from medseg.study.worklist import Filter
    from medseg.workflows.verify import State

    taken = {name: given.pop(name) for name in FILTER_NAMES}
    if all(value in (None, ()) for value in taken.values()):
        return None
    return Filter(
        state=tuple(State(state) for state in taken["states"]),
        person=taken["person"],
        structure=taken["wanted"],
        due_before=as_day(taken["due_before"]),
        text=taken["text"],
        open_comments=taken["open_comments"],
    )
