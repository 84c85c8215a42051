"""Geodesic active contour: a rough contour that moves to the edge nearby."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from medseg.assist.classical.itk_steps import executed
from medseg.assist.classical.nearby import answered_near, per_mm
from medseg.assist.classical.neighbourhood import Floats, as_itk, require_right_angles, values_of
from medseg.assist.segmenter import Hint, Mask, Method, Parameter, Proposal, Task
from medseg.progress import Progress, silent
from medseg.space import Grid, box_around, box_grown, box_of

MARGIN = 1.5
"""Around the rough contour, in reaches: the front should not feel the end of the image."""

VOXELS = 500_000
"""Of the even grid on which the front moves: about a second, whatever the size of the structure."""

FINEST = 0.5
"""Of the image's finest spacing: a finer even grid would tell nothing new."""

LEAST_SCALE = 0.7
"""Scale of edges in voxels of the even grid, below which a derivative is mostly rounding."""

EDGE_PERCENTILE = 75
"""Of the steepness around the rough contour: what is steeper is an edge."""

STAYS = 0.5
"""Share of the rough contour's depth beyond which its middle stays, however small it is."""


class GeodesicContour:
    """A level set that is drawn to edges and kept smooth.

    Caselles, Kimmel and Sapiro 1997, Geodesic active contours (Int J Comput Vis 22:61-79), by SimpleITK.
    Where the image is steep the front slows down: the speed is 1 / (1 + (steepness / edge)²). The front moves
    on a grid of even spacing: ITK's sparse field takes all voxels for cubes, and on slices of 6.5 mm it made
    small structures vanish.
    """

    name = "geodesic-contour"
    title = "Geodesic active contour"
    version = "2"
    needs = frozenset({Hint.ROUGH})
    parameters: Sequence[Parameter] = (
        Parameter("scale_mm", "Scale of edges", 1.0, unit="mm", least=0.2, most=20),
        Parameter("propagation", "Outwards (or inwards)", 0.0, least=-5, most=5),
        Parameter("curvature", "Smoothness", 0.2, least=0, most=5),
        Parameter("advection", "Pull of edges", 2.0, least=0, most=20),
        Parameter("iterations", "Steps", 150, least=1, most=5000),
        Parameter("reach_mm", "How far it may move", 10.0, unit="mm", least=1, most=100),
    )

    def propose(self, task: Task, *, progress: Progress = silent) -> Proposal:
        """Propose; see :class:`medseg.assist.segmenter.Segmenter`."""
        require_right_angles(task.volume.grid, self.title)
        wanted = {each: task.hints.rough[each] for each in task.structure_ids if each in task.hints.rough}
        filled = [box for mask in wanted.values() if (box := box_of(mask)) is not None]
        if not filled:
            nothing = {each: np.zeros(task.shape_kji, dtype=bool) for each in wanted}
            return Proposal(nothing, task.region, Method(self.name, self.version, task.parameters))
        margin = np.ceil(MARGIN * task.number("reach_mm") * per_mm(task.volume.grid)).astype(int)
        box = box_grown(box_around(filled), margin.tolist(), task.shape_kji)
        return answered_near(task, box, lambda part: self._proposed(part, progress))

    def _proposed(self, task: Task, progress: Progress) -> Proposal:
        values = values_of(task)
        masks = {}
        for number, structure_id in enumerate(task.structure_ids):
            progress(self.title, number, len(task.structure_ids))
            if structure_id in task.hints.rough:
                masks[structure_id] = self._moved(task, values, task.hints.rough[structure_id], progress)
        return Proposal(masks, task.region, Method(self.name, self.version, task.parameters))

    def _moved(self, task: Task, whole: Floats, rough: Mask, progress: Progress) -> Mask:
        import SimpleITK

        grid, reach_mm = task.volume.grid, task.number("reach_mm")
        filled = box_of(rough)
        if filled is None:
            return np.zeros_like(rough)
        margin = np.ceil(MARGIN * reach_mm * per_mm(grid)).astype(int)
        box = box_grown(filled, margin.tolist(), rough.shape)
        values = as_itk(whole[box], grid)
        distance = _outside_mm(rough[box], grid)
        progress(self.title, 0, 100)
        level = self._front(task, _even(values, values), _even(distance, values), progress)
        progress(self.title, 100, 100)
        moved = SimpleITK.GetArrayViewFromImage(_on_grid_of(level, values)) < 0
        outside_mm = SimpleITK.GetArrayFromImage(distance)
        stays = outside_mm < -min(reach_mm, STAYS * -float(outside_mm.min()))
        mask = np.zeros_like(rough)
        mask[box] = (moved & (outside_mm <= reach_mm)) | stays
        return mask

    def _front(self, task: Task, values: Any, distance: Any, progress: Progress) -> Any:
        """Where the front comes to rest, on the even grid."""
        import SimpleITK

        scale_mm = max(task.number("scale_mm"), LEAST_SCALE * values.GetSpacing()[0])
        steepness = SimpleITK.GradientMagnitudeRecursiveGaussianImageFilter()
        steepness.SetSigma(scale_mm)
        steep: Floats = executed(steepness, self.title, progress, values)
        # An edge is what is steep beside the rough border, not a bone somewhere else.
        beside = np.abs(SimpleITK.GetArrayViewFromImage(distance)) <= task.number("reach_mm")
        edge = float(np.percentile(steep[beside], EDGE_PERCENTILE)) or 1.0
        speed = SimpleITK.GetImageFromArray((1 / (1 + (steep / edge) ** 2)).astype(np.float32))
        speed.CopyInformation(distance)
        front = SimpleITK.GeodesicActiveContourLevelSetImageFilter()
        front.SetMaximumRMSError(0.002)
        front.SetPropagationScaling(task.number("propagation"))
        front.SetCurvatureScaling(task.number("curvature"))
        front.SetAdvectionScaling(task.number("advection"))
        front.SetNumberOfIterations(int(task.number("iterations")))
        at_rest = SimpleITK.GetImageFromArray(executed(front, self.title, progress, distance, speed))
        at_rest.CopyInformation(distance)
        return at_rest


def _outside_mm(mask: Mask, grid: Grid) -> Any:
    """How far outside of a mask each voxel lies; below 0 inside. 0 is midway between its voxels and others.

    ITK's own is 0 at the mask's outermost voxels: on slices of 6.5 mm the front would begin 3 mm too far in.
    """
    import SimpleITK

    from_mask, from_rest = (
        SimpleITK.SignedMaurerDistanceMap(
            as_itk(each.astype(np.uint8), grid), squaredDistance=False, useImageSpacing=True
        )
        for each in (mask, ~mask)
    )
    return (from_mask - from_rest) / 2


def _even(image: Any, like: Any) -> Any:
    """An image on the even grid that covers another."""
    import SimpleITK

    spacing = np.array(like.GetSpacing())
    extent = spacing * like.GetSize()
    even = max(float(np.prod(extent) / VOXELS) ** (1 / 3), FINEST * float(spacing.min()))
    # Recursive filters need four voxels along each axis.
    size = [max(int(np.ceil(side / even)), 4) for side in extent]
    made = SimpleITK.Image(size, SimpleITK.sitkFloat32)
    made.SetSpacing([even] * 3)
    made.SetOrigin(((even - spacing) / 2).tolist())
    return _on_grid_of(image, made)


def _on_grid_of(image: Any, like: Any) -> Any:
    """An image on the grid of another; beyond its own it goes on as it ends."""
    import SimpleITK

    return SimpleITK.Resample(
        image, like, outputPixelType=SimpleITK.sitkFloat32, useNearestNeighborExtrapolator=True
    )
