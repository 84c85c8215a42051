"""PET by its gradient: the border is where uptake falls off most steeply."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from medseg.assist.classical.nearby import answered_near, box_near_ball
from medseg.assist.classical.neighbourhood import ball, connected_to, gradient_magnitude, smoothed, values_of
from medseg.assist.segmenter import Hint, Method, Parameter, Proposal, Sphere, Task
from medseg.progress import Progress, silent

COLD_SHELL = 1.25
"""Beyond this many radii of the ball nothing belongs to the structure."""


class PetGradient:
    """Watershed of the gradient's magnitude, from the hot core and from the cold around it.

    Geets et al. 2007, A gradient-based method for segmenting FDG-PET images (Eur J Nucl Med Mol Imaging
    34:1427-1438). Two markers are flooded: what is hotter than a share of the largest value, and what is
    cooler than a small share of it or lies beyond the ball. They meet on the crest of the gradient, so that
    the border does not depend on how hot the tumour is.
    """

    name = "pet-gradient"
    title = "PET, gradient"
    version = "1"
    needs = frozenset({Hint.SPHERE})
    parameters: Sequence[Parameter] = (
        Parameter("core", "Core, share of largest", 0.4, least=0.1, most=1),
        Parameter("cold", "Around, share of largest", 0.05, least=0, most=0.9),
        Parameter("scale_mm", "Scale of the gradient", 4.0, unit="mm", least=0.5, most=20),
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
        # Imported here: slow to import.
        from skimage.segmentation import watershed

        grid, first = task.volume.grid, task.structure_ids[0]
        method = Method(self.name, self.version, task.parameters)
        inside = ball(grid, task.region, sphere)
        if not inside.any():
            return Proposal({first: inside}, task.region, method)
        values = values_of(task)
        smooth = smoothed(values, grid, task.number("scale_mm") / 2)
        most = float(smooth[inside].max())
        hot = connected_to(inside & (smooth >= task.number("core") * most), inside & (smooth == most))
        beyond = ~ball(grid, task.region, Sphere(sphere.centre_lps_mm, COLD_SHELL * sphere.radius_mm))
        cold = (beyond | (smooth < task.number("cold") * most)) & ~hot
        progress(self.title, 1, 3)
        steep = gradient_magnitude(values, grid, task.number("scale_mm"))
        progress(self.title, 2, 3)
        markers = np.zeros(values.shape, np.int32)
        markers[hot], markers[cold] = 1, 2
        # What is cold for certain need not be flooded, but for its border.
        undecided = np.asarray(ndimage.binary_dilation(~cold))
        flooded = watershed(steep, markers, mask=undecided)
        mask = np.asarray((flooded == 1) & inside)
        return Proposal({first: mask}, task.region, method, (f"largest value {most:.4g}",))
