"""Rows in columns, as plain text: it goes into files and pipes as often as to a screen."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence


def text_table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, drop_empty: bool = False
) -> Iterator[str]:
    """Lines of columns that are as wide as they need to be, the first line with their headings.

    Args:
        head: The headings.
        rows: Cells, as many as there are headings.
        drop_empty: Whether columns in which nothing stands are left out.
    """
    lines = [[printable(cell) for cell in row] for row in (head, *rows)]
    shown = [column for column in range(len(head)) if not drop_empty or any(row[column] for row in rows)]
    widths = {column: max(len(line[column]) for line in lines) for column in shown}
    for line in lines:
        yield "  ".join(line[column].ljust(widths[column]) for column in shown).rstrip()


def printable(text: str) -> str:
    """A name from a file that can't break a table, nor send a terminal its commands."""
    return "".join(" " if unicodedata.category(letter).startswith("C") else letter for letter in text)
