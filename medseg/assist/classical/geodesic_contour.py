"""Geodesic active contour: a rough contour that moves to the edge nearby."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from medseg.assist.classical.neighbourhood import as_itk, gradient_magnitude, require_right_angles, values_of
from medseg.assist.segmenter import Hint, Method, Parameter, Proposal, Task
from medseg.progress import Progress, silent
from medseg.space import box_at


class GeodesicContour:
    """A level set that is drawn to edges and kept smooth.

    Caselles, Kimmel and Sapiro 1997, Geodesic active contours (Int J Comput Vis 22:61-79), by SimpleITK.
    Where the image is steep the front slows down: the speed is 1 / (1 + (steepness / edge)²).
    """

    name = "geodesic-contour"
    title = "Geodesic active contour"
    version = "1"
    needs = frozenset({Hint.ROUGH})
    parameters: Sequence[Parameter] = (
        Parameter("scale_mm", "Scale of edges", 1.0, unit="mm", least=0.2, most=20),
        Parameter("propagation", "Outwards, or inwards below 0", 0.0, least=-5, most=5),
        Parameter("curvature", "Smoothness", 0.4, least=0, most=5),
        Parameter("advection", "Pull of edges", 2.0, least=0, most=20),
        Parameter("iterations", "Steps", 150, least=1, most=5000),
        Parameter("reach_mm", "How far it may move", 10.0, unit="mm", least=1, most=100),
    )

    def propose(self, task: Task, *, progress: Progress = silent) -> Proposal:
        """Propose; see :class:`medseg.assist.segmenter.Segmenter`."""
        require_right_angles(task.volume.grid, self.title)
        values = values_of(task)
        masks = {}
        for number, structure_id in enumerate(task.structure_ids):
            progress(self.title, number, len(task.structure_ids))
            if structure_id in task.hints.rough:
                masks[structure_id] = self._moved(task, values, task.hints.rough[structure_id])
        return Proposal(masks, task.region, Method(self.name, self.version, task.parameters))

    def _moved(self, task: Task, values: np.ndarray, rough: np.ndarray) -> np.ndarray:
        import SimpleITK

        grid = task.volume.grid
        filled = np.argwhere(rough)
        if not len(filled):
            return np.zeros_like(rough)
        margin = np.ceil(2 * task.number("reach_mm") / np.array(grid.spacing_kji_mm)).astype(int)
        low = np.maximum(filled.min(axis=0) - margin, 0)
        high = np.minimum(filled.max(axis=0) + 1 + margin, rough.shape)
        box = box_at(low.tolist(), (high - low).tolist())
        steep = gradient_magnitude(values[box], grid, task.number("scale_mm"))
        distance = SimpleITK.SignedMaurerDistanceMap(
            as_itk(rough[box].astype(np.uint8), grid), squaredDistance=False, useImageSpacing=True
        )
        outside_mm = SimpleITK.GetArrayViewFromImage(distance)
        # An edge is what is steep beside the rough border, not a bone somewhere else.
        beside = np.abs(outside_mm) <= task.number("reach_mm")
        edge = float(np.percentile(steep[beside], 75)) or 1.0
        speed = (1 / (1 + (steep / edge) ** 2)).astype(np.float32)
        moved = SimpleITK.GeodesicActiveContourLevelSet(
            SimpleITK.Cast(distance, SimpleITK.sitkFloat32),
            as_itk(speed, grid),
            maximumRMSError=0.002,
            propagationScaling=task.number("propagation"),
            curvatureScaling=task.number("curvature"),
            advectionScaling=task.number("advection"),
            numberOfIterations=int(task.number("iterations")),
        )
        mask = np.zeros_like(rough)
        mask[box] = (SimpleITK.GetArrayViewFromImage(moved) < 0) & (
            np.asarray(outside_mm) <= task.number("reach_mm")
        )
        return mask
