"""The image takes part where predicting the reader's own planes shows that it helps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medseg.contour import Placement, Sheet, Slice
from medseg.interpolation.blocks import blocks_of
from medseg.interpolation.drawn import DrawnStructure
from medseg.interpolation.field import Field
from medseg.interpolation.image_model import (
    MAX_LOG_ODDS,
    Appearance,
    RankedImage,
    Voxels,
    in_threads,
    learn,
    rank,
)
from medseg.interpolation.image_planes import Box, DrawnPlane, Nearest, PlaneInBox, reach_kji_mm
from medseg.labelmap import MIN_DEPTH_MM
from medseg.progress import Progress, silent

STRENGTHS = (0.25, 0.5, 0.75, 1.0)
"""How much the image may count beside the shape; 1 as much as its odds say.

More than 1 often predicts the reader's planes better, but across gaps that are twice as wide as those to
be filled, in which the shape is worth less.
"""

SHARE_OF_BEST = 0.7
"""The weakest strength is taken that lowers the error by this share of what the best one does.

For the same reason: in the gaps to be filled the best strength is below the one that is best here.
"""

MIN_REDUCTION = 0.05
MIN_REDUCTION_TIMES_PLANES = 0.3
"""The image takes part only if it lowers the error by this part of it: 15 % with three planes predicted,
8 % with ten, always more than 5 %. Fewer planes prove less: on T1 images such reductions came by chance.
"""

MIN_JUDGED = 3
"""Predicting fewer planes proves nothing. Three are predicted where five parallel slices were drawn."""

NEAR_MM = 12.0
"""What lies deeper, or further out, is certain."""

SMOOTHING_MM = 1.0
"""Standard deviation over which evidence is averaged within a plane: outlines are smooth, noise is not."""

DOUBTS = np.geomspace(0.03, 1.5, 25)
"""Spreads of a predicted depth, in mm for each mm of distance from the nearest drawn plane: the choice."""


@dataclass(frozen=True)
class ImageUse:
    """Whether the image took part in completing a structure, and why.

    The errors are those of predicting the reader's own planes: half of the planes between the outermost
    ones are left out and predicted from the others, then the other half. An error is 1 − Dice over all
    pixels of all predicted planes.

    Attributes:
        used: Whether it took part.
        reason: Why, for people.
        error_without: The error without the image; None where it could not be judged.
        error_with: The error with it, at the strength that was chosen.
        judged: The planes that were predicted.
        strength: How much the image counts beside the shape; 0 where it took no part.
    """

    used: bool
    reason: str
    error_without: float | None = None
    error_with: float | None = None
    judged: tuple[Placement, ...] = ()
    strength: float = 0.0


def complete_with_image(
    drawn: DrawnStructure,
    voxels: npt.NDArray[np.generic],
    complete: Callable[[DrawnStructure], Field],
    *,
    progress: Progress = silent,
) -> tuple[Field, ImageUse]:
    """Complete a structure from its planes, with the image's help where that is proven.

    Near the surface that the planes alone give, the image shifts it: by how much each voxel's value speaks
    for the inside or the outside, as learnt beside the drawn outlines nearby, against how far the surface
    is known to be off at this distance from the drawn planes. Drawn planes are not kept exactly.

    Args:
        drawn: The structure on its planes.
        voxels: The image on the same grid, ``[k, j, i]``, in any unit; without a value where not finite.
        complete: Completes a structure without an image.
        progress: Called before each step; what it raises ends the work.

    Returns:
        What ``complete`` returned, itself, where the image took no part, else another field on the same
        box; and whether the image took part.
    """
    field = complete(drawn)
    if blocks_of(drawn) is not None:
        # Such planes tell of a fraction of their pixels: too little to prove anything by.
        return field, ImageUse(
            used=False, reason="the image was not used: the planes were drawn on a coarser grid than its own"
        )
    halves = _halves(drawn.masks)
    if sum(map(len, halves)) < MIN_JUDGED or not field.depth_mm.size:
        return field, ImageUse(
            used=False, reason="the image was not used: too few planes are drawn to judge it"
        )
    looking = _Looking(drawn, voxels, field)
    if not looking.image.tells_apart:
        return field, ImageUse(
            used=False, reason="the image was not used: it shows nothing beside the drawn outlines"
        )
    predictions = []
    for number, half in enumerate(halves):
        progress("Judging the image", number, len(halves) + 1)
        predictions += looking.predict(half, complete)
    doubt, furthest_mm = _fitted_doubt(predictions)
    use = _judged(predictions, looking, doubt)
    if not use.used:
        return field, use
    progress("Judging the image", len(halves), len(halves) + 1)
    return looking.help(field, use.strength, doubt, furthest_mm), use


@dataclass(frozen=True, eq=False)
class _Prediction:
    """A drawn plane as predicted from others.

    Attributes:
        plane: The plane, and what was drawn on it.
        depth_mm: How deep each pixel was predicted to lie inside.
        near: The pixels where that is uncertain.
        voxels: Their voxels.
        distance_mm: How far they lie from the planes that they were predicted from.
        appearance: What was learnt from those planes.
    """

    plane: DrawnPlane
    depth_mm: npt.NDArray[np.float32]
    near: npt.NDArray[np.bool_]
    voxels: Voxels
    distance_mm: npt.NDArray[np.float32]
    appearance: Appearance


class _Looking:
    """A structure and the image around it."""

    def __init__(self, drawn: DrawnStructure, voxels: npt.NDArray[np.generic], field: Field) -> None:
        self._drawn = drawn
        self._box = Box.around(field, drawn.grid)
        self._planes = {where: DrawnPlane(where, mask, self._box) for where, mask in drawn.masks.items()}
        samples = in_threads(DrawnPlane.sample, self._planes.values())
        self._samples = dict(zip(self._planes, samples, strict=True))
        crop = np.asarray(voxels[self._box.index], dtype=np.float32)
        if not np.isfinite(crop).all():
            crop = np.where(np.isfinite(crop), crop, np.float32(np.nan))
        beside = np.concatenate([sample.voxels for sample in self._samples.values()])
        self.image: RankedImage = rank(crop, beside, drawn.grid.spacing_kji_mm)

    def predict(
        self, left_out: Sequence[Placement], complete: Callable[[DrawnStructure], Field]
    ) -> list[_Prediction]:
        """Predict planes from all others."""
        kept = {where: mask for where, mask in self._drawn.masks.items() if where not in left_out}
        field = complete(DrawnStructure(self._drawn.structure_id, self._drawn.grid, kept))
        appearance, nearest = self._learnt(tuple(kept)), Nearest(tuple(kept), self._box)
        predictions = []
        for where in left_out:
            plane = self._planes[where]
            depth_mm = plane.depth_mm(field)
            near, voxels = plane.voxels(np.abs(depth_mm) < NEAR_MM)
            distance_mm = nearest.distance_mm(voxels)
            predictions.append(_Prediction(plane, depth_mm, near, voxels, distance_mm, appearance))
        return predictions

    def evidence(
        self, plane: PlaneInBox, near: npt.NDArray[np.bool_], voxels: Voxels, appearance: Appearance
    ) -> npt.NDArray[np.float32]:
        """Log odds of the inside, by the image alone, for the voxels of some pixels of a plane."""
        from scipy.ndimage import gaussian_filter

        evidence = np.zeros(near.shape, dtype=np.float32)
        evidence[near] = appearance.evidence(self.image, voxels)
        sigma = [SMOOTHING_MM / mm for mm in plane.spacing_mm]
        return np.asarray(gaussian_filter(evidence, sigma, truncate=3.0)[near])

    def help(self, field: Field, strength: float, doubt: float, furthest_mm: float) -> Field:
        """Shift the surface of a field by what the image says."""
        drawn = tuple(self._drawn.masks)
        appearance, nearest = self._learnt(drawn), Nearest(drawn, self._box)
        axis = self._drawn.parallel_axis or 0
        shifted = field.depth_mm.copy()
        # Beyond, evidence can't turn a voxel; a margin for its smoothing.
        reach_mm = min(strength * MAX_LOG_ODDS * doubt * furthest_mm + 2 * SMOOTHING_MM, NEAR_MM)

        def shift(index: int) -> None:
            plane = PlaneInBox(Slice(axis, index), self._box)
            near, voxels = plane.voxels(np.abs(plane.depth_mm(field)) < reach_mm)
            if not len(voxels):
                return
            sigma_mm = doubt * np.minimum(nearest.distance_mm(voxels), furthest_mm)
            at = voxels + np.subtract(self._box.corner_kji, field.corner_kji)
            evidence = self.evidence(plane, near, voxels, appearance)
            shifted[at[:, 0], at[:, 1], at[:, 2]] += np.float32(strength) * sigma_mm * evidence

        in_threads(shift, range(field.box[axis].start, field.box[axis].stop))
        return Field(field.corner_kji, shifted)

    def _learnt(self, planes: Sequence[Placement]) -> Appearance:
        reach = reach_kji_mm(planes, self._drawn.grid)
        return learn(self.image, [self._samples[where] for where in planes], reach)


def _halves(masks: Mapping[Placement, npt.NDArray[np.bool_]]) -> list[list[Placement]]:
    """The planes to predict: of those in one direction every second one, then the rest, never the ends.

    Empty planes are kept: without them nobody could know that the structure ends there.
    """
    halves: list[list[Placement]] = [[], []]
    directions: dict[tuple[int, tuple[float, float]], list[tuple[float, Placement]]] = {}
    for where, mask in masks.items():
        if mask.any():
            sheet = where if isinstance(where, Sheet) else Sheet(where.axis, float(where.index))
            directions.setdefault((sheet.axis, sheet.slopes), []).append((sheet.offset, where))
    for planes in directions.values():
        inner = sorted(planes, key=lambda placed: placed[0])[1:-1]
        for number, (_, where) in enumerate(inner):
            halves[number % 2].append(where)
    return [half for half in halves if half]


def _fitted_doubt(predictions: Sequence[_Prediction]) -> tuple[float, float]:
    """How far predicted depths are off, for each mm of distance from the planes they were predicted from.

    Returns:
        The spread of a logistic distribution, by maximum likelihood; and the largest distance judged.
    """
    edges = np.linspace(-10, 10, 4002)
    counts = np.zeros(len(edges) - 1)
    furthest_mm = 0.0
    for prediction in predictions:
        relative = prediction.depth_mm[prediction.near] / prediction.distance_mm
        relative[~prediction.plane.inside[prediction.near]] *= -1
        counts += np.histogram(np.clip(relative, edges[0], edges[-1]), edges)[0]
        furthest_mm = max(furthest_mm, float(prediction.distance_mm.max(initial=0.0)))
    middles = (edges[:-1] + edges[1:]) / 2
    losses = [counts @ np.logaddexp(0, -middles / doubt) for doubt in DOUBTS]
    return float(DOUBTS[np.argmin(losses)]), furthest_mm


def _judged(predictions: Sequence[_Prediction], looking: _Looking, doubt: float) -> ImageUse:
    """Whether the image lowers the error of predicting the reader's planes, and at which strength."""

    def errors(prediction: _Prediction) -> npt.NDArray[np.int64]:
        """Wrong pixels and the sum of the pixels of both masks, for each strength."""
        evidence = looking.evidence(
            prediction.plane, prediction.near, prediction.voxels, prediction.appearance
        )
        truth = prediction.plane.inside
        rows = []
        for strength in (0.0, *STRENGTHS):
            depth = prediction.depth_mm.copy()
            depth[prediction.near] += np.float32(strength * doubt) * prediction.distance_mm * evidence
            found = depth > MIN_DEPTH_MM
            rows.append([np.count_nonzero(found != truth), np.count_nonzero(found) + np.count_nonzero(truth)])
        return np.array(rows)

    wrong, total = np.sum(in_threads(errors, predictions), axis=0).T
    error = wrong / total
    judged = tuple(prediction.plane.where for prediction in predictions)
    before, gained = float(error[0]), error[0] - error
    chosen = int(np.flatnonzero(gained >= SHARE_OF_BEST * gained.max())[0])
    after = float(error[chosen])
    change = f"error on the reader's own planes from {before:.1%} to {after:.1%}"
    needed = MIN_REDUCTION + MIN_REDUCTION_TIMES_PLANES / len(judged)
    used = chosen > 0 and after <= (1 - needed) * before
    if used:
        reason = f"the image lowered the {change}"
    elif chosen:
        reason = f"the image was not used: it lowered the {change}, but {needed:.0%} less is asked for"
    else:
        reason = (
            f"the image was not used: it did not lower the error on the reader's own planes ({before:.1%})"
        )
    return ImageUse(used, reason, before, after, judged, (0.0, *STRENGTHS)[chosen] if used else 0.0)
