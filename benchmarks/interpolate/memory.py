"""The most memory that a completion takes, told by the system: compiled loops don't tell Python's tracer."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import numpy.typing as npt

from interpolate.ours import completion_of
from medseg.contour import Slice
from medseg.space import Grid

Drawn = Mapping[Slice, npt.NDArray[np.bool_]]

RETURN_FREED_FROM = str(64 * 1024)
"""Blocks from this size on are given back to the system when they are freed (glibc's mallopt)."""


def peak_above_bytes(drawn: Drawn, grid: Grid, method: str) -> int:
    """Peak of one completion above what its process holds in the end: the input and the label map.

    Linux alone: it resets and reads the peak of resident memory in ``/proc/self``.
    """
    os.environ["MALLOC_MMAP_THRESHOLD_"] = RETURN_FREED_FROM
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_measure, args=(theirs, drawn, grid, method))
    process.start()
    theirs.close()
    peak = int(ours.recv())
    process.join()
    return peak


def _measure(connection: Connection, drawn: Drawn, grid: Grid, method: str) -> None:
    # Once before, so that compiled code and libraries are there and count for nothing.
    completion_of(drawn, grid, method)
    Path("/proc/self/clear_refs").write_text("5")
    label_map = completion_of(drawn, grid, method).label_map
    # What is left now is what was there before, and the pages of the label map that were written to.
    connection.send(_status_bytes("VmHWM") - _status_bytes("VmRSS"))
    del label_map


def _status_bytes(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name + ":"))
