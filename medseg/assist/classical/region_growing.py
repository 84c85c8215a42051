"""Region growing: from a click outwards, as long as values stay alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from medseg.assist.classical.neighbourhood import as_itk, ball, seeds_of, smoothed, values_of
from medseg.assist.segmenter import Hint, Mask, Method, Parameter, Proposal, Sphere, Task
from medseg.progress import Progress, silent

AROUND_SEED_MM = 3.0
"""Voxels so near to a click tell what the structure looks like."""

LEAST_SD = 1e-3
"""Of the range of the image: a phantom without noise has values that differ by rounding alone."""

CLOSING = Parameter("closing_mm", "Close gaps", 2.0, unit="mm", least=0, most=20)


class RegionGrowing:
    """All voxels connected with the clicks whose values lie within so many standard deviations of theirs.

    SimpleITK's ConnectedThreshold (Adams and Bischof 1994, IEEE PAMI 16:641-647). It leaks wherever tissue of
    the same value touches; a ball stops it.
    """

    name = "region-growing"
    title = "Region growing"
    version = "1"
    needs = frozenset({Hint.POINTS})
    parameters: Sequence[Parameter] = (
        Parameter("deviations", "Standard deviations", 3.0, least=0.1, most=20),
        Parameter("smoothing_mm", "Smoothing", 0.0, unit="mm", least=0, most=10),
        CLOSING,
    )

    def propose(self, task: Task, *, progress: Progress = silent) -> Proposal:
        """Propose; see :class:`medseg.assist.segmenter.Segmenter`."""
        import SimpleITK

        progress(self.title, 0, 1)
        grid, seeds = task.volume.grid, seeds_of(task, task.structure_ids[0])
        raw = values_of(task)
        values = smoothed(raw, grid, task.number("smoothing_mm"))
        near = _near(task, seeds)
        # The noise as it is: what smoothing takes from it within, it takes from the border's voxels, too.
        mean, sd = float(values[near].mean()), _deviation(raw, near)
        reach = task.number("deviations") * sd
        grown = SimpleITK.ConnectedThreshold(
            as_itk(values, grid), _itk_seeds(seeds), lower=mean - reach, upper=mean + reach
        )
        return _proposal(self, task, SimpleITK.GetArrayFromImage(grown) > 0, f"{mean:.4g} ± {reach:.4g}")


class ConfidenceConnected:
    """Region growing whose mean and deviation are taken anew from all that was found.

    SimpleITK's ConfidenceConnected (the ITK Software Guide, "Confidence connected").
    """

    name = "confidence-connected"
    title = "Confidence connected"
    version = "1"
    needs = frozenset({Hint.POINTS})
    parameters: Sequence[Parameter] = (
        Parameter("deviations", "Standard deviations", 2.5, least=0.1, most=20),
        Parameter("iterations", "Rounds", 4, least=0, most=50),
        Parameter("smoothing_mm", "Smoothing", 0.0, unit="mm", least=0, most=10),
        CLOSING,
    )

    def propose(self, task: Task, *, progress: Progress = silent) -> Proposal:
        """Propose; see :class:`medseg.assist.segmenter.Segmenter`."""
        import SimpleITK

        progress(self.title, 0, 1)
        grid, seeds = task.volume.grid, seeds_of(task, task.structure_ids[0])
        values = smoothed(values_of(task), grid, task.number("smoothing_mm"))
        radius = max(1, round(AROUND_SEED_MM / min(grid.spacing_kji_mm) / 2))
        grown = SimpleITK.ConfidenceConnected(
            as_itk(values, grid),
            _itk_seeds(seeds),
            numberOfIterations=int(task.number("iterations")),
            multiplier=task.number("deviations"),
            initialNeighborhoodRadius=radius,
        )
        return _proposal(self, task, SimpleITK.GetArrayFromImage(grown) > 0, "")


def _near(task: Task, seeds: Mask) -> Mask:
    """The seeds and what is near to clicks: some voxels in any case, for one has no spread."""
    near = np.asarray(ndimage.binary_dilation(seeds, np.ones((3, 3, 3), dtype=bool)))
    for point in task.hints.points_of(task.structure_ids[0]):
        near |= ball(task.volume.grid, task.region, Sphere(point, AROUND_SEED_MM))
    return near


def _deviation(values: np.ndarray, near: Mask) -> float:
    spread = float(np.ptp(values))
    return max(float(values[near].std()), LEAST_SD * spread)


def _itk_seeds(seeds: Mask) -> list[tuple[int, int, int]]:
    return [(int(i), int(j), int(k)) for k, j, i in np.argwhere(seeds)]


def _proposal(
    segmenter: RegionGrowing | ConfidenceConnected, task: Task, grown: Mask, remark: str
) -> Proposal:
    """What was grown, with gaps closed and holes filled, within the ball if there is one."""
    mask = np.asarray(grown)
    if task.hints.sphere is not None:
        mask = mask & ball(task.volume.grid, task.region, task.hints.sphere)
    closing = task.number("closing_mm")
    if closing and mask.any():
        spacing = task.volume.grid.spacing_kji_mm
        wide = ndimage.distance_transform_edt(~mask, sampling=spacing) <= closing
        mask = mask | (ndimage.distance_transform_edt(wide, sampling=spacing) > closing)
    mask = np.asarray(ndimage.binary_fill_holes(mask))
    method = Method(segmenter.name, segmenter.version, task.parameters)
    return Proposal(
        {task.structure_ids[0]: mask}, task.region, method, (f"values {remark}",) if remark else ()
    )
