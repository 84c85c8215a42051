"""Vessel tracking: the vessel between two clicks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from medseg.assist.classical.nearby import answered_near, box_near_voxels
from medseg.assist.classical.neighbourhood import (
    Floats,
    connected_to,
    indices_of,
    require_right_angles,
    values_of,
)
from medseg.assist.segmenter import Hint, Mask, Method, Parameter, Proposal, Task
from medseg.errors import AssistError
from medseg.progress import Progress, silent
from medseg.space import Grid

SCALES = 3
"""Widths of vessel that are looked for, from the least radius to the largest."""

OFF_VESSEL = 0.03
"""Cost of leaving a vessel: a path costs 1 / this for each mm where there is none at all."""

MARGIN_RADII = 4
"""Around the clicks, in largest radii: a vessel between them may bend."""


class VesselBetweenPoints:
    """The path between two clicks that stays in a vessel, and the vessel around it.

    How much a voxel looks like a vessel is told by the Hessian at several scales: across a bright tube the
    two larger curvatures are strong and downwards (Sato et al. 1998, Med Image Anal 2:143-168: their
    geometric mean). The path is that of least cost between the clicks (Deschamps and Cohen 2001, Med Image
    Anal 5:281-299); the vessel is what around it has values nearer to the path's than to those of the
    surroundings.
    """

    name = "vessel-between-points"
    title = "Vessel between two points"
    version = "1"
    needs = frozenset({Hint.POINTS})
    parameters: Sequence[Parameter] = (
        Parameter("least_radius_mm", "Least radius", 1.0, unit="mm", least=0.2, most=30),
        Parameter("largest_radius_mm", "Largest radius", 6.0, unit="mm", least=0.5, most=40),
        Parameter("bright", "Brighter than around", True),  # noqa: FBT003 - a setting that is on
    )

    def propose(self, task: Task, *, progress: Progress = silent) -> Proposal:
        """Propose; see :class:`medseg.assist.segmenter.Segmenter`."""
        grid, first = task.volume.grid, task.structure_ids[0]
        require_right_angles(grid, self.title)
        clicks = indices_of(task.hints.points_of(first), task)
        if len(clicks) < 2:
            raise AssistError(
                f"{self.title}: expected two points or more along the vessel, got {len(clicks)}",
                hint="click on the vessel at both ends, in the order of its course",
                reason="hint-missing",
            )
        margin_mm = MARGIN_RADII * task.number("largest_radius_mm")
        box = box_near_voxels(task, clicks, margin_mm)
        return answered_near(task, box, lambda part: self._proposed(part, progress))

    def _proposed(self, task: Task, progress: Progress) -> Proposal:
        grid, first = task.volume.grid, task.structure_ids[0]
        least, largest = task.number("least_radius_mm"), task.number("largest_radius_mm")
        values = values_of(task) * (1 if task.parameters["bright"] else -1)
        likeness = np.zeros_like(values)
        for step, radius in enumerate(np.geomspace(least, largest, SCALES)):
            progress(self.title, step, SCALES + 2)
            likeness = np.maximum(likeness, _tubeness(values, grid, radius))
        progress(self.title, SCALES, SCALES + 2)
        path = _path(likeness, indices_of(task.hints.points_of(first), task), grid)
        progress(self.title, SCALES + 1, SCALES + 2)
        mask = _around_path(values, path, grid, largest)
        method = Method(self.name, self.version, task.parameters)
        remark = f"a path of {_length_mm(path, grid):.1f} mm"
        return Proposal({first: mask}, task.region, method, (remark,))


def _tubeness(values: Floats, grid: Grid, radius_mm: float) -> Floats:
    """The geometric mean of the two strongest downward curvatures, at the scale of a vessel of a radius."""
    spacing = np.array(grid.spacing_kji_mm)
    # A tube's response is largest where the scale is its radius over the root of two.
    sigma_mm = max(radius_mm / np.sqrt(2), 0.6 * spacing.min())
    hessian = np.zeros((*values.shape, 3, 3), dtype=np.float32)
    for row in range(3):
        for column in range(row, 3):
            order = np.zeros(3, dtype=int)
            order[row] += 1
            order[column] += 1
            second = ndimage.gaussian_filter(values, sigma_mm / spacing, order=order.tolist())
            second *= sigma_mm**2 / (spacing[row] * spacing[column])
            hessian[..., row, column] = hessian[..., column, row] = second
    curvatures = np.linalg.eigvalsh(hessian)
    strongest, middle = np.minimum(curvatures[..., 0], 0), np.minimum(curvatures[..., 1], 0)
    return np.asarray(np.sqrt(strongest * middle), dtype=np.float32)


def _path(likeness: Floats, clicks: npt.NDArray[np.intp], grid: Grid) -> npt.NDArray[np.intp]:
    """The voxels of the cheapest path through all clicks in turn, ``(n, 3)``."""
    from skimage.graph import MCP_Geometric

    strong = float(np.percentile(likeness, 99.5)) or 1.0
    cost = 1 / (OFF_VESSEL + np.minimum(likeness / strong, 1.0))
    pieces = []
    for start, end in pairwise(clicks):
        paths = MCP_Geometric(cost, sampling=grid.spacing_kji_mm)
        paths.find_costs([tuple(start)], [tuple(end)])
        pieces.append(np.array(paths.traceback(tuple(end))))
    return np.concatenate(pieces)


def _around_path(values: Floats, path: npt.NDArray[np.intp], grid: Grid, largest_mm: float) -> Mask:
    """The voxels near to a path whose values are nearer to its own than to those around."""
    on_path = np.zeros(values.shape, dtype=bool)
    on_path[tuple(path.T)] = True
    off_mm = ndimage.distance_transform_edt(~on_path, sampling=grid.spacing_kji_mm)
    inner = float(np.median(values[on_path]))
    around = (off_mm > largest_mm) & (off_mm <= 2 * largest_mm)
    outer = float(np.median(values[around])) if around.any() else float(values.min())
    alike = (values > (inner + outer) / 2) & (off_mm <= largest_mm)
    return connected_to(alike | on_path, on_path)


def _length_mm(path: npt.NDArray[np.intp], grid: Grid) -> float:
    points = grid.to_lps_mm(path)
    return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())
