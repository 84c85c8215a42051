"""Print volumes for people: one row each, then what there is to say about some of them.

Plain text, for it goes into files and pipes as often as to a screen, and a library would cut rows to a width.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from medseg.cli.text_table import printable, text_table

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
    for line in text_table(_HEADINGS, [_cells(volume) for volume in volumes], drop_empty=True):
        click.echo(line)
    click.echo()
    for volume in volumes:
        for remark in _remarks(volume, messages or {}):
            click.echo(f"{volume.id}: {printable(remark)}")
    click.echo(_totals(volumes))


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
        printable(volume.id),
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
