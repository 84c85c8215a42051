"""Make the engine and the measurements ready before they are needed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medseg.contour import Slice
from medseg.interpolation import draw_next, interpolate_masks
from medseg.labelmap import LabelMap, Structure
from medseg.measurement.measure import measure_structure
from medseg.progress import Progress, silent
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume
from medseg.workflows.interpolate import cut

SIDE = 24
"""Voxels along each edge of the cube that is completed: enough for every step of a method to have work."""

PARALLEL = tuple(Slice(0, k) for k in (6, 9, 12, 15, 18))
MIXED = (Slice(0, 8), Slice(0, 16), Slice(1, 12), Slice(2, 12))

STEPS = 3
"""Two methods, and measuring."""


def warm_up(progress: Progress = silent) -> None:
    """Complete a tiny structure by each default method, ask where to draw it next, and measure it.

    The loops of interpolation and measurement are compiled when they first run on a machine, which takes
    seconds, and are loaded when they first run in a process. A window does this in a thread while nobody
    waits for it.

    Args:
        progress: Called between the steps; raise :class:`~medseg.errors.Cancelled` from it to stop.
    """
    grid = Grid.from_axes(
        (SIDE, SIDE, SIDE),
        origin_lps_mm=(0, 0, 0),
        step_k_mm=(0, 0, 2),
        step_j_mm=(0, 1, 0),
        step_i_mm=(1, 0, 0),
    )
    structure = Structure("ball", "Ball", 1)
    ball = _ball()
    for number, planes in enumerate((PARALLEL, MIXED)):
        progress("Getting ready", number, STEPS)
        masks = {structure.id: {where: cut(ball, where) for where in planes}}
        completion = interpolate_masks(masks, grid, [structure], progress=progress)
        draw_next(completion, structure.id, progress=progress)
    progress("Getting ready", 2, STEPS)
    volume = Volume(grid, np.where(ball, 60, 0).astype(np.int16), Quantity.HU, Source("phantom"))
    measure_structure(LabelMap(grid, (ball.astype(np.uint8),), (structure,)), structure.id, volume)
    progress("Getting ready", STEPS, STEPS)


def _ball() -> npt.NDArray[np.bool_]:
    from_middle = np.indices((SIDE, SIDE, SIDE)) - (SIDE - 1) / 2
    return np.asarray((from_middle**2).sum(axis=0) < (SIDE / 3) ** 2)
