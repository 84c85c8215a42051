"""Patches of the cases, cut and altered at random by MONAI's transforms.

What a step gets depends on the seed and the number of the step alone: a training that goes on from a
checkpoint sees what it would have seen, and nothing of the randomness has to be kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from medseg.assist.bundle.trust import IMAGE
from medseg.assist.training.plan import Plan
from medseg.assist.training.preparing import LABEL, PreparedCase

if TYPE_CHECKING:
    import torch

INSIDE = 2.0
"""So many patches are centred on structures, each as often, for one on the background: small ones count."""

PLACES = "places"

_SIDED = re.compile(r"\b(left|right|links|rechts|gauche|droite?|sinister|dexter|[lr])\b", re.IGNORECASE)


def may_be_mirrored(structures: Sequence[str]) -> bool:
    """Whether a mirrored patient is still a patient: not where structures are told apart by their side."""
    return not any(_SIDED.search(name) for name in structures)


class Patches:
    """Patches for each step.

    Args:
        cases: What they are cut from.
        plan: How.
    """

    def __init__(self, cases: Sequence[PreparedCase], plan: Plan) -> None:
        self._cases = [(*case.opened(), case.places) for case in cases]
        self._plan = plan
        self._cut = _transforms(plan)

    def of_step(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The patches of a step.

        Returns:
            Images ``[n, 1, i, j, k]`` of float32 and labels of the same shape, of int64.
        """
        import torch

        count = self._plan.patches_a_step
        cut = [self._patch(step * count + number) for number in range(count)]
        image, label = (torch.stack([each[key] for each in cut]) for key in (IMAGE, LABEL))
        return image, label.long()

    def _patch(self, number: int) -> dict[str, torch.Tensor]:
        import torch

        round_, place = divmod(number, len(self._cases))
        order = np.random.default_rng((self._plan.seed, round_)).permutation(len(self._cases))
        image, label, places = self._cases[order[place]]
        seed = np.random.default_rng((self._plan.seed, 1, number)).integers(2**31)
        self._cut.set_random_state(seed=int(seed))
        whole = {IMAGE: torch.from_numpy(image), LABEL: torch.from_numpy(label), PLACES: list(places)}
        (patch,) = self._cut(whole)
        return {key: torch.as_tensor(patch[key]) for key in (IMAGE, LABEL)}


def _transforms(plan: Plan) -> Any:
    from monai.transforms.compose import Compose
    from monai.transforms.croppad.dictionary import RandCropByLabelClassesd
    from monai.transforms.intensity.dictionary import (
        RandAdjustContrastd,
        RandGaussianNoised,
        RandGaussianSmoothd,
        RandScaleIntensityd,
        RandShiftIntensityd,
    )
    from monai.transforms.spatial.dictionary import RandAffined, RandFlipd

    both = [IMAGE, LABEL]
    mirrors = [RandFlipd(both, prob=0.5, spatial_axis=axis) for axis in range(3)] if plan.mirrored else []
    return Compose(
        [
            RandCropByLabelClassesd(
                both,
                LABEL,
                plan.patch,
                ratios=[1.0, *[INSIDE / len(plan.structures)] * len(plan.structures)],
                num_classes=plan.classes,
                num_samples=1,
                indices_key=PLACES,
                warn=False,
            ),
            RandAffined(
                both,
                prob=0.3,
                rotate_range=(0.15, 0.15, 0.3),
                scale_range=(0.15,) * 3,
                mode=("bilinear", "nearest"),
                padding_mode=("border", "zeros"),
            ),
            *mirrors,
            RandGaussianNoised(IMAGE, prob=0.2, std=0.1),
            RandGaussianSmoothd(IMAGE, prob=0.1),
            RandScaleIntensityd(IMAGE, factors=0.2, prob=0.3),
            RandShiftIntensityd(IMAGE, offsets=0.1, prob=0.3),
            RandAdjustContrastd(IMAGE, prob=0.1, gamma=(0.7, 1.5), retain_stats=True),
        ]
    )
