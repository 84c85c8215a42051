"""Take a passphrase: from a prompt, a file or a file descriptor; never from an argument."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])

MAX_BYTES = 4096
"""Nobody types a longer passphrase; a file that holds more is another file."""


def passphrase_options(command: _Command) -> _Command:
    """Add the options that say where the passphrase comes from."""
    command = click.option(
        "--passphrase-fd",
        type=click.IntRange(0),
        metavar="N",
        help="Read the passphrase from this descriptor.",
    )(command)
    return click.option(
        "--passphrase-file",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help="Read the passphrase from this file. Default: ask.",
    )(command)


def read_passphrase(
    file: Path | None, descriptor: int | None, *, prompt: str = "Passphrase", confirm: bool = False
) -> str:
    """Read a passphrase; where neither file nor descriptor is given, ask for it unseen.

    Args:
        file: A file whose only line it is.
        descriptor: A file descriptor whose only line it is.
        prompt: What to ask.
        confirm: Whether to ask twice.

    Raises:
        click.UsageError: Both are given, or there is no such descriptor, or it is no text of one line.
    """
    if file is not None and descriptor is not None:
        raise click.UsageError("give --passphrase-file or --passphrase-fd, not both")
    if file is not None:
        with file.open("rb") as stream:
            return _only_line(stream.read(MAX_BYTES + 1))
    if descriptor is not None:
        try:
            with os.fdopen(descriptor, "rb", closefd=False) as stream:
                return _only_line(stream.read(MAX_BYTES + 1))
        except OSError as error:
            raise click.UsageError(f"can't read the file descriptor {descriptor}") from error
    answer: str = click.prompt(prompt, hide_input=True, confirmation_prompt=confirm, err=True)
    return answer


def _only_line(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise click.UsageError("the passphrase is no text in UTF-8") from None
    text = text.removesuffix("\n").removesuffix("\r")
    if len(data) > MAX_BYTES or "\n" in text:
        raise click.UsageError("expected a passphrase of one line")
    return text
