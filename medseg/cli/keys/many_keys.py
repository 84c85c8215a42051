"""Several keys in one command, each with its passphrase."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

import click

from medseg.cli.passphrase import read_passphrase


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
