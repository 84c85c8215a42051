"""Grow from seeds: strokes in several structures compete for every voxel."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Thread

import numpy as np

from medseg.assist.classical.nearby import REACH, answered_near, box_near_ball, box_near_mask
from medseg.assist.classical.neighbourhood import Floats, ball, require_seeds, seeds_of, smoothed, values_of
from medseg.assist.segmenter import BACKGROUND, Hint, Method, Parameter, Proposal, Task
from medseg.progress import Progress, silent

POLL_S = 0.05
"""Between two looks at how far it has grown."""


class GrowFromSeeds:
    """Each voxel goes to the seed from which it is reached with the least change of value.

    Growing cells (Vezhnevets and Konouchine 2005, GrowCut, Graphicon) that have come to rest are shortest
    paths on the voxels' graph (Zhu et al. 2014, An effective interactive medical image segmentation method
    using fast GrowCut, MICCAI IMIC): a step costs the difference of two neighbours' values, and here a
    little for each mm, by which ties in flat tissue fall to the nearer seed. Beyond the ball, if there is
    one, is background; without one so is what lies further than ``reach_mm`` from all seeds' box.
    """

    name = "grow-from-seeds"
    title = "Grow from seeds"
    version = "2"
    needs = frozenset({Hint.POINTS, Hint.BACKGROUND})
    uses = frozenset({Hint.SPHERE})
    parameters: Sequence[Parameter] = (
        Parameter("smoothing_mm", "Smoothing", 1.0, unit="mm", least=0, most=10),
        Parameter("distance", "Cost of a mm", 0.03, least=0, most=1),
        REACH,
    )

    def propose(self, task: Task, *, progress: Progress = silent) -> Proposal:
        """Propose; see :class:`medseg.assist.segmenter.Segmenter`."""
        progress(self.title, 0, 3)
        seeds = seeds_of(task, BACKGROUND)
        for structure_id in task.structure_ids:
            seeds |= seeds_of(task, structure_id)
        progress(self.title, 1, 3)
        require_seeds(seeds, self.title)
        if task.hints.sphere is not None:
            box = box_near_ball(task, task.hints.sphere)
        else:
            box = box_near_mask(task, seeds, task.number("reach_mm"))
        return answered_near(task, box, lambda part: self._grown(part, progress))

    def _grown(self, task: Task, progress: Progress) -> Proposal:
        progress(self.title, 1, 3)
        grid = task.volume.grid
        values = smoothed(values_of(task), grid, task.number("smoothing_mm"))
        progress(self.title, 2, 3)
        labels = np.zeros(task.shape_kji, np.uint8)
        competing = (*task.structure_ids, BACKGROUND)
        for label, structure_id in enumerate(competing, start=1):
            labels[seeds_of(task, structure_id)] = label
        if task.hints.sphere is not None:
            labels[~ball(grid, task.region, task.hints.sphere) & (labels == 0)] = len(competing)
        per_mm = task.number("distance") * _contrast(values, labels, len(competing))
        cost_kji = [per_mm * float(spacing) for spacing in grid.spacing_kji_mm]
        result = self._reached(values, labels, np.array(cost_kji, dtype=np.float32), progress)
        masks = {each: result == label for label, each in enumerate(task.structure_ids, start=1)}
        return Proposal(masks, task.region, Method(self.name, self.version, task.parameters))

    def _reached(
        self, values: Floats, labels: np.ndarray, cost_kji: np.ndarray, progress: Progress
    ) -> np.ndarray:
        """The label of each voxel's nearest seed; it grows in a thread, so that it can be stopped."""
        # Imported here: compiled loops.
        from medseg.assist.classical.grow_loops import SETTLED, STOP, grown

        state, results = np.zeros(2, np.int64), []
        growing = Thread(target=lambda: results.append(grown(values, labels, cost_kji, state)))
        growing.start()
        try:
            while growing.is_alive():
                progress(self.title, min(int(state[SETTLED]), values.size), values.size)
                growing.join(POLL_S)
        finally:
            state[STOP] = 1
            growing.join()
        return results[0]


def _contrast(values: np.ndarray, labels: np.ndarray, count: int) -> float:
    """How much the seeds of different structures differ; the image's spread where they hardly do."""
    means = [
        float(values[labels == label].mean()) for label in range(1, count + 1) if (labels == label).any()
    ]
    spread = float(np.ptp(values)) or 1.0
    return max(max(means) - min(means), 0.05 * spread)
