"""Print volume summaries for people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from medseg.workflows.inspect import VolumeSummary


def print_volumes(volumes: Iterable[VolumeSummary]) -> None:
    """Print one row a volume: what it is, or why it is none."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for heading in ("id", "status", "slices × rows × columns", "spacing mm", "values", "remarks"):
        table.add_column(heading, overflow="fold")
    for volume in volumes:
        # Text, not markup: a header may hold square brackets.
        table.add_row(*(Text(cell) for cell in _cells(volume)))
    Console().print(table)


def _cells(volume: VolumeSummary) -> tuple[str, ...]:
    shape, spacing = "", ""
    if volume.geometry:
        shape = " × ".join(str(n) for n in volume.geometry.shape_kji)
        spacing = " × ".join(f"{mm:.4g}" for mm in volume.geometry.spacing_kji_mm)
    remarks = [f"{volume.reason}: {volume.message}"] if volume.reason else []
    if volume.geometry and volume.geometry.shear > SHOWN_SHEAR:
        remarks.append(f"sheared (cosine {volume.geometry.shear:.3f})")
    return (
        volume.id,
        volume.status.value,
        shape or f"{volume.frames} image(s)",
        spacing,
        volume.quantity.value if volume.quantity else "",
        "\n".join([*remarks, *volume.warnings]),
    )


SHOWN_SHEAR = 1e-3
"""Less shear than this (0.06°) is rounding of the header, not a tilted gantry."""
