"""The page on which `make soak` writes down what came of it."""

from __future__ import annotations

from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"

PAGE = DOCS / "reliability.md"

TRAINING_PAGE = DOCS / "train.md"


def replace_line(table: str, key: str, rest: str, *, page: Path = PAGE) -> None:
    """Replace the line of a table that starts with a key, or add it at the end.

    Args:
        table: Name in the comments that mark the table's lines, such as ``<!-- soak: begin -->``.
        key: How the line starts.
        rest: How it goes on.
        page: The page.
    """
    text = page.read_text(encoding="utf-8")
    begin, end = f"<!-- {table}: begin -->\n", f"<!-- {table}: end -->\n"
    start, stop = text.index(begin) + len(begin), text.index(end)
    kept = [row for row in text[start:stop].splitlines(keepends=True) if not row.startswith(key)]
    page.write_text(text[:start] + "".join([*kept, f"{key}{rest}\n"]) + text[stop:], encoding="utf-8")
