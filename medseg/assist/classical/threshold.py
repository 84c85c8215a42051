"""Threshold in a ball: the values that tell what is in its middle from what is around it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from medseg.assist.classical.nearby import answered_near, box_near_ball
from medseg.assist.classical.neighbourhood import Floats, ball, near_seeds, seeds_of, smoothed, values_of
from medseg.assist.classical.shaping import CLOSING, NECK, shaped
from medseg.assist.segmenter import Hint, Mask, Method, Parameter, Proposal, Sphere, Task
from medseg.progress import Progress, silent

CORE = 0.3
"""Share of the ball's radius within which the structure is looked for where no point says more."""

BINS, BLUR_BINS = 256, 4
"""Of the histograms that are compared, and what evens out their noise."""

ENDS = (0.5, 99.5)
"""Percentiles between which values are told apart: a few extreme ones would take up all bins."""

EQUAL = 0.01
"""Ranges whose shares differ by no more are equally good. Where structure and surroundings are apart a limit
may lie anywhere between them, and lies in the middle."""

Limits = tuple[float, float]


class ThresholdInSphere:
    """Values between two limits, within a ball, connected with what lies in its middle.

    The limits are those between which most of the middle and least of what is just beyond the ball lies: of
    all ranges of values, the one with the largest difference of the two shares (Youden 1950, Cancer 3:32-35).
    So a structure may be brighter than some of what is around it and darker than the rest. Or one limit parts
    the values of the ball into two classes (Otsu 1979, IEEE Trans Syst Man Cybern 9:62-66), and the structure
    is the class of the middle. Or both are given.
    """

    name = "threshold-in-sphere"
    title = "Threshold in a ball"
    version = "2"
    needs = frozenset({Hint.SPHERE})
    uses = frozenset({Hint.POINTS})
    parameters: Sequence[Parameter] = (
        Parameter("limits", "Limits from", "contrast", choices=("contrast", "otsu", "given")),
        Parameter("least", "Least value", -1e9, unit="image"),
        Parameter("most", "Largest value", 1e9, unit="image"),
        Parameter("smoothing_mm", "Smoothing", 1.0, unit="mm", least=0, most=10),
        CLOSING,
        NECK,
    )

    def propose(self, task: Task, *, progress: Progress = silent) -> Proposal:
        """Propose; see :class:`medseg.assist.segmenter.Segmenter`."""
        sphere = task.hints.sphere
        assert sphere is not None  # noqa: S101 - needs says so
        progress(self.title, 0, 3)
        return answered_near(
            task, box_near_ball(task, sphere), lambda part: self._proposed(part, sphere, progress)
        )

    def _proposed(self, task: Task, sphere: Sphere, progress: Progress) -> Proposal:
        grid, first = task.volume.grid, task.structure_ids[0]
        values = smoothed(values_of(task), grid, task.number("smoothing_mm"))
        progress(self.title, 1, 3)
        inside = ball(grid, task.region, sphere)
        seeds = seeds_of(task, first)
        if seeds.any():
            middle = near_seeds(task, seeds) & inside
        else:
            middle = ball(grid, task.region, Sphere(sphere.centre_lps_mm, CORE * sphere.radius_mm))
        low, high = self._limits(task, values, inside, middle)
        progress(self.title, 2, 3)
        mask = shaped(
            (values >= low) & (values <= high) & inside,
            middle,
            grid,
            closing_mm=task.number("closing_mm"),
            neck=task.number("neck"),
            progress=progress,
        )
        method = Method(self.name, self.version, task.parameters)
        # Closing gaps may have gone beyond.
        mask &= inside
        return Proposal({first: mask}, task.region, method, (f"values {_told(low, high)}",))

    def _limits(self, task: Task, values: Floats, inside: Mask, middle: Mask) -> Limits:
        if task.parameters["limits"] == "given":
            return task.number("least"), task.number("most")
        if not middle.any():
            return -np.inf, np.inf
        if task.parameters["limits"] == "contrast" and not inside.all():
            return range_of_contrast(values[middle], values[~inside])
        # Imported here: slow to import.
        from skimage.filters import threshold_otsu

        level = float(threshold_otsu(values[inside]))
        brighter = float(np.median(values[middle])) > level
        return (
            (float(np.nextafter(np.float32(level), np.float32(np.inf))), np.inf)
            if brighter
            else (-np.inf, level)
        )


def range_of_contrast(middle: Floats, around: Floats) -> Limits:
    """The limits between which the share of one set of values exceeds that of another by the most.

    Args:
        middle: Values of what is wanted.
        around: Values of what is not.

    Returns:
        The lower and the upper limit; infinite where no value beyond it occurs.
    """
    ends = np.percentile(middle, ENDS), np.percentile(around, ENDS)
    low, high = float(np.min(ends)), float(np.max(ends))
    if not high > low:
        return -np.inf, np.inf
    edges = np.linspace(low, high, BINS + 1)
    gain = _shares(middle, edges) - _shares(around, edges)
    # The run of bins with the largest sum ends where the sum since the lowest one before is largest.
    sums = np.concatenate([[0.0], np.cumsum(gain)])
    since = sums - np.minimum.accumulate(sums)
    first, last = _run(since >= since.max() - EQUAL, int(np.argmax(since)))
    end = BINS if last == BINS else (first + last) // 2
    before = sums[: end + 1]
    first, last = _run(before <= before.min() + EQUAL, int(np.argmin(before)))
    start = 0 if first == 0 else (first + last) // 2
    if end <= start:
        return -np.inf, np.inf
    return (-np.inf if start == 0 else float(edges[start])), (np.inf if end == BINS else float(edges[end]))


def _run(good: npt.NDArray[np.bool_], at: int) -> tuple[int, int]:
    """The first and the last index of the run of True around an index."""
    run, _ = ndimage.label(good)
    places = np.flatnonzero(run == run[at])
    return int(places[0]), int(places[-1])


def _shares(values: Floats, edges: np.ndarray) -> np.ndarray:
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    return np.asarray(ndimage.gaussian_filter1d(counts / len(values), BLUR_BINS, mode="reflect"))


def _told(low: float, high: float) -> str:
    if np.isinf(low):
        return "of all" if np.isinf(high) else f"up to {high:.4g}"
    return f"from {low:.4g}" if np.isinf(high) else f"from {low:.4g} to {high:.4g}"
