"""Several people and keys in one command, each key with its passphrase."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import click

from medseg.cli.passphrase import read_passphrase

_FOUNDING = (
    click.option(
        "--person",
        "people",
        multiple=True,
        required=True,
        type=click.Path(path_type=Path),
        help="A person's card.",
    ),
    click.option(
        "--founder",
        "founders",
        multiple=True,
        required=True,
        type=click.Path(path_type=Path),
        help="A founder's key.",
    ),
    click.option(
        "--passphrase-file",
        "passphrase_files",
        multiple=True,
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help="Read the passphrase from this file: one for each --founder, in the same order. Default: ask.",
    ),
)


def founding_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say who is on a roster from the start, and who founds it."""
    for option in reversed(_FOUNDING):
        command = option(command)
    return command


def read_passphrases(keys: Sequence[Path], files: Sequence[Path], *, option: str) -> list[tuple[Path, str]]:
    """Take the passphrase of each key from its file, or ask for it.

    Args:
        keys: The key files.
        files: A passphrase file for each, in the same order; or none.
        option: The option that named the keys, for the message.

    Raises:
        click.UsageError: There are more or fewer files than keys, or one holds no passphrase.
    """
    if files and len(files) != len(keys):
        raise click.UsageError(f"give one --passphrase-file for each {option}, or none")
    return [
        (key, read_passphrase(file, None, prompt=f"Passphrase of {key.name}"))
        for key, file in zip_longest(keys, files)
    ]
