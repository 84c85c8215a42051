"""Print volumes for people: one row each, then what there is to say about some of them.

Plain text, for it goes into files and pipes as often as to a screen, and a library would cut rows to a width.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from medseg.workflows.inspect import VolumeSummary

_HEADINGS = ("status", "reason", "id", "k×j×i", "spacing in mm", "values", "output")


def print_volumes(volumes: Iterable[VolumeSummary], messages: Mapping[str, str] | None = None) -> None:
    """Print a table, remarks and totals.

    Args:
        volumes: Converted, convertible, refused and skipped ones.
        messages: By id, what is said instead of a volume's own message.
    """
    volumes = tuple(volumes)
    for line in _table([_cells(volume) for volume in volumes]):
        click.echo(line)
    click.echo()
    for volume in volumes:
        for remark in _remarks(volume, messages or {}):
            click.echo(f"{volume.id}: {_on_one_line(remark)}")
    click.echo(_totals(volumes))


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Rows under their headings; columns in which nothing stands are left out."""
    shown = [column for column in range(len(_HEADINGS)) if any(row[column] for row in rows)]
    for row in (_HEADINGS, *rows):
        cells = [
            row[column].ljust(max(len(other[column]) for other in (_HEADINGS, *rows))) for column in shown
        ]
        yield "  ".join(cells).rstrip()


def _cells(volume: VolumeSummary) -> tuple[str, ...]:
    shape, spacing = f"{volume.frames} image{'' if volume.frames == 1 else 's'}", ""
    if volume.geometry:
        shape = "×".join(str(n) for n in volume.geometry.shape_kji)
        spacing = "×".join(f"{mm:.4g}" for mm in volume.geometry.spacing_kji_mm)
    if volume.axis:
        shape = f"{len(volume.axis_values)} ({volume.axis}) × {shape}"
    return (
        volume.status.value,
        volume.reason or "",
        _on_one_line(volume.id),
        shape,
        spacing,
        volume.quantity.value if volume.quantity else "",
        volume.output or "",
    )


def _remarks(volume: VolumeSummary, messages: Mapping[str, str]) -> Iterator[str]:
    if volume.reason:
        yield f"{volume.reason}: {messages.get(volume.id, volume.message)}"
    yield from volume.warnings


def _totals(volumes: Sequence[VolumeSummary]) -> str:
    counts = Counter(volume.status.value for volume in volumes)
    return ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))


def _on_one_line(text: str) -> str:
    """Text from a file that can't break the table, nor send a terminal its commands."""
    return "".join(" " if unicodedata.category(letter).startswith("C") else letter for letter in text)
