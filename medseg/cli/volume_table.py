"""Print volume summaries for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from medseg.workflows.inspect import VolumeSummary


def print_volumes(volumes: Iterable[VolumeSummary]) -> None:
    """Print one row a volume, then what there is to say about some of them."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    volumes = tuple(volumes)
    table = Table(box=box.SIMPLE, pad_edge=False)
    for heading in ("id", "status", "k×j×i", "spacing in mm", "values"):
        table.add_column(heading, no_wrap=True)
    for volume in volumes:
        # Text, not markup: a header may hold square brackets.
        table.add_row(*(Text(cell) for cell in _cells(volume)))
    Console().print(table)
    for volume in volumes:
        for remark in _remarks(volume):
            click.echo(f"{volume.id}: {remark}")


def _cells(volume: VolumeSummary) -> tuple[str, ...]:
    shape, spacing = f"{volume.frames} image(s)", ""
    if volume.geometry:
        shape = "×".join(str(n) for n in volume.geometry.shape_kji)
        spacing = "×".join(f"{mm:.4g}" for mm in volume.geometry.spacing_kji_mm)
    return (
        volume.id,
        volume.status.value,
        shape,
        spacing,
        volume.quantity.value if volume.quantity else "",
    )


def _remarks(volume: VolumeSummary) -> Iterator[str]:
    if volume.reason:
        yield f"{volume.reason}: {volume.message}"
    yield from volume.warnings
