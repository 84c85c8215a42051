"""Draw the progress that the core reports: bars on a terminal, nothing elsewhere.

rich is imported on a terminal only: a script that converts small series would wait longer for it than for its
results. It draws without its thread, because processes can be forked only where there is none.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from medseg.progress import Progress, silent

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from medseg.workflows.convert import Tally, Watch

REDRAW_S = 0.1
"""Often enough to look alive, seldom enough to cost nothing."""

_MB = 1e6


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A callback that draws a bar for each task, with steps a second and the time left."""
    with batch_bar() as (progress, _):
        yield progress


@contextmanager
def batch_bar() -> Iterator[tuple[Progress, Watch]]:
    """Two callbacks: one as of :func:`progress_bar`, and one that draws how far a conversion has come."""
    if sys.stderr is None or not sys.stderr.isatty():  # None: it was closed
        yield silent, _unwatched
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[count]}"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as bars:
        drawing = _Drawing(bars)
        yield drawing.steps, drawing.batch


class _Drawing:
    """What stands on the bars."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}
        self._drawn_s = 0.0

    def steps(self, task: str, done: int, total: int) -> None:
        """Steps of any task."""
        self._draw(task, done, total, f"{done:,}/{total:,}", {"/s": done})

    def batch(self, tally: Tally) -> None:
        """A conversion of several volumes; the time left is judged by the bytes of the sources."""
        volumes, all_volumes = tally.volumes
        if all_volumes > 1:
            done, total = tally.source_bytes
            rates = {" files/s": tally.files[0], " MB/s": done / _MB}
            self._draw("converting", done, total, f"{volumes:,}/{all_volumes:,} volumes", rates)

    def _draw(self, task: str, done: int, total: int, count: str, amounts: dict[str, float]) -> None:
        if task not in self._tasks:
            self._tasks[task] = self._bars.add_task(task, total=total, count="", rate="")
        shown = self._tasks[task]
        seconds = self._bars.tasks[shown].elapsed or 0.0
        rate = " ".join(f"{_rounded(amount / seconds)}{unit}" for unit, amount in amounts.items() if seconds)
        self._bars.update(shown, completed=done, total=total, count=count, rate=rate)
        now = time.monotonic()
        if now - self._drawn_s >= REDRAW_S or done == total:
            self._drawn_s = now
            self._bars.refresh()


def _rounded(of_a_second: float) -> str:
    return f"{of_a_second:.1f}" if of_a_second < _FEW else f"{of_a_second:,.0f}"


_FEW = 10
"""Below this a rate has a decimal."""


def _unwatched(tally: Tally) -> None:
    """Draw nothing."""
