"""Region growing: from a click outwards, as long as values stay alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from medseg.assist.classical.itk_steps import executed
from medseg.assist.classical.nearby import REACH, answered_near, box_near_ball, box_near_mask
from medseg.assist.classical.neighbourhood import (
    AROUND_SEED_MM,
    Floats,
    as_itk,
    ball,
    near_seeds,
    require_seeds,
    seeds_of,
    smoothed,
    values_of,
)
from medseg.assist.classical.shaping import CLOSING, NECK, shaped
from medseg.assist.segmenter import Hint, Mask, Method, Parameter, Proposal, Task
from medseg.progress import Progress, silent

LEAST_SD = 1e-3
"""Of the range of the image: a phantom without noise has values that differ by rounding alone."""

SMOOTHING = Parameter("smoothing_mm", "Smoothing", 0.0, unit="mm", least=0, most=10)


class _Growing(ABC):
    """What both ways of growing share: where they look, and what is made of the voxels that they find."""

    name: str
    title: str
    version = "2"
    needs = frozenset({Hint.POINTS})
    uses = frozenset({Hint.SPHERE})
    parameters: Sequence[Parameter]

    def propose(self, task: Task, *, progress: Progress = silent) -> Proposal:
        """Propose; see :class:`medseg.assist.segmenter.Segmenter`."""
        progress(self.title, 0, 3)
        seeds = seeds_of(task, task.structure_ids[0])
        require_seeds(seeds, self.title)
        if task.hints.sphere is not None:
            box = box_near_ball(task, task.hints.sphere)
        else:
            box = box_near_mask(task, seeds, task.number("reach_mm"))
        return answered_near(task, box, lambda part: self._grown(part, progress))

    def _grown(self, task: Task, progress: Progress) -> Proposal:
        grid, structure_id = task.volume.grid, task.structure_ids[0]
        seeds = seeds_of(task, structure_id)
        raw = values_of(task)
        progress(self.title, 1, 3)
        near = near_seeds(task, seeds)
        found, remarks = self._alike(task, raw, seeds, progress)
        sphere = task.hints.sphere
        inside = ball(grid, task.region, sphere) if sphere is not None else np.ones_like(found)
        progress(self.title, 2, 3)
        mask = shaped(
            found & inside,
            near,
            grid,
            closing_mm=task.number("closing_mm"),
            neck=task.number("neck"),
            progress=progress,
        )
        # Closing gaps may have gone beyond the ball.
        mask &= inside
        return Proposal(
            {structure_id: mask}, task.region, Method(self.name, self.version, task.parameters), remarks
        )

    @abstractmethod
    def _alike(
        self, task: Task, raw: Floats, seeds: Mask, progress: Progress
    ) -> tuple[Mask, tuple[str, ...]]:
        """The voxels that hang together with the seeds and look like them, and what is worth telling."""


class RegionGrowing(_Growing):
    """All voxels connected with the clicks whose values lie within so many standard deviations of theirs.

    SimpleITK's ConnectedThreshold (Adams and Bischof 1994, IEEE PAMI 16:641-647). It leaks wherever tissue of
    the same value touches; a ball stops it, and necks are cut.
    """

    name = "region-growing"
    title = "Region growing"
    parameters = (
        Parameter("deviations", "Standard deviations", 3.0, least=0.1, most=20),
        SMOOTHING,
        CLOSING,
        NECK,
        REACH,
    )

    def _alike(
        self, task: Task, raw: Floats, seeds: Mask, progress: Progress
    ) -> tuple[Mask, tuple[str, ...]]:
        import SimpleITK

        values = smoothed(raw, task.volume.grid, task.number("smoothing_mm"))
        # The noise as it is: what smoothing takes from it within, it takes from the border's voxels, too.
        near = near_seeds(task, seeds)
        mean, sd = float(values[near].mean()), _deviation(raw, near)
        reach = task.number("deviations") * sd
        growing = SimpleITK.ConnectedThresholdImageFilter()
        growing.SetSeedList(_itk_seeds(seeds))
        growing.SetLower(mean - reach)
        growing.SetUpper(mean + reach)
        found = executed(growing, self.title, progress, as_itk(values, task.volume.grid))
        return found > 0, (f"values {mean:.4g} ± {reach:.4g}",)


class ConfidenceConnected(_Growing):
    """Region growing whose mean and deviation are taken anew from all that was found.

    SimpleITK's ConfidenceConnected (the ITK Software Guide, "Confidence connected").
    """

    name = "confidence-connected"
    title = "Confidence connected"
    parameters = (
        Parameter("deviations", "Standard deviations", 2.5, least=0.1, most=20),
        Parameter("iterations", "Rounds", 4, least=0, most=50),
        SMOOTHING,
        CLOSING,
        NECK,
        REACH,
    )

    def _alike(
        self, task: Task, raw: Floats, seeds: Mask, progress: Progress
    ) -> tuple[Mask, tuple[str, ...]]:
        import SimpleITK

        grid = task.volume.grid
        values = smoothed(raw, grid, task.number("smoothing_mm"))
        growing = SimpleITK.ConfidenceConnectedImageFilter()
        growing.SetSeedList(_itk_seeds(seeds))
        growing.SetNumberOfIterations(int(task.number("iterations")))
        growing.SetMultiplier(task.number("deviations"))
        growing.SetInitialNeighborhoodRadius(max(1, round(AROUND_SEED_MM / min(grid.spacing_kji_mm) / 2)))
        found = executed(growing, self.title, progress, as_itk(values, grid))
        return found > 0, ()


def _deviation(values: Floats, near: Mask) -> float:
    spread = float(np.ptp(values))
    return max(float(values[near].std()), LEAST_SD * spread)


def _itk_seeds(seeds: Mask) -> list[Any]:
    return [(int(i), int(j), int(k)) for k, j, i in np.argwhere(seeds)]
