"""PET: what takes up a fraction of the largest value in a ball, 41 per cent as a rule."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from medseg.assist.classical.nearby import answered_near, box_near_ball
from medseg.assist.classical.neighbourhood import ball, connected_to, values_of
from medseg.assist.segmenter import Hint, Method, Parameter, Proposal, Sphere, Task
from medseg.progress import Progress, silent


class PetFraction:
    """Voxels with at least a fraction of the largest value of a ball, connected with that voxel.

    Boellaard et al. 2015, FDG PET/CT: EANM procedure guidelines for tumour imaging 2.0 (Eur J Nucl Med Mol
    Imaging 42:328-354): 41 % of SUVmax. It takes in too little of a large tumour of uneven uptake and too
    much of a small faint one.
    """

    name = "pet-fraction"
    title = "PET, fraction of SUVmax"
    version = "1"
    needs = frozenset({Hint.SPHERE})
    parameters: Sequence[Parameter] = (Parameter("fraction", "Fraction of SUVmax", 0.41, least=0.01, most=1),)

    def propose(self, task: Task, *, progress: Progress = silent) -> Proposal:
        """Propose; see :class:`medseg.assist.segmenter.Segmenter`."""
        sphere = task.hints.sphere
        assert sphere is not None  # noqa: S101 - needs says so
        progress(self.title, 0, 1)
        return answered_near(task, box_near_ball(task, sphere), lambda part: self._proposed(part, sphere))

    def _proposed(self, task: Task, sphere: Sphere) -> Proposal:
        values, first = values_of(task), task.structure_ids[0]
        inside = ball(task.volume.grid, task.region, sphere)
        method = Method(self.name, self.version, task.parameters)
        if not inside.any():
            return Proposal({first: inside}, task.region, method)
        most = float(values[inside].max())
        hottest = inside & (values == most)
        mask = connected_to(inside & (values >= task.number("fraction") * most), hottest)
        return Proposal({first: np.asarray(mask)}, task.region, method, (f"largest value {most:.4g}",))
