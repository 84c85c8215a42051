"""How sure a model is of a case: whether it finds the same again on images that differ by chance alone.

It needs nothing of the model but its label maps, so that it works for any bundle: neither dropout nor an
ensemble, and no probabilities, which networks state with too much confidence anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from medseg.assist.bundle.outputs import Prediction
from medseg.assist.perturbation import Perturbation, perturbations
from medseg.errors import InputError
from medseg.labelmap import Structure
from medseg.progress import Progress, silent
from medseg.space import Box, Grid, box_around, box_at, box_of
from medseg.volume import Volume

Mask = npt.NDArray[np.bool_]

SAMPLES = 8
"""Label maps of a case, the plain one among them: 28 pairs to compare."""

LEAST_SAMPLES = 2
MOST_SAMPLES = 64


@dataclass(frozen=True)
class Sampling:
    """How a case is asked about several times.

    Attributes:
        samples: How many label maps are compared, the one of the case as it is among them.
        seed: What the perturbations are drawn by: the same seed gives the same answer.
        mirror: See :func:`~medseg.assist.perturbation.perturbations`.

    Raises:
        InputError: The number of samples is none of 2 to 64; reason ``samples``.
    """

    samples: int = SAMPLES
    seed: int = 0
    mirror: bool = False

    def __post_init__(self) -> None:
        if not LEAST_SAMPLES <= self.samples <= MOST_SAMPLES:
            raise InputError(
                f"expected {LEAST_SAMPLES} to {MOST_SAMPLES} samples of a case, got {self.samples}",
                hint="two are the least that can disagree",
                reason="samples",
            )

    def as_dict(self) -> dict[str, Any]:
        """It as a JSON object."""
        return {"samples": self.samples, "seed": self.seed, "mirrored": self.mirror}


USUAL = Sampling()
"""Eight samples of the case, none mirrored."""


class Predicts(Protocol):
    """What is asked: such as :meth:`medseg.assist.bundle.process.BundleProcess.predict`."""

    def __call__(self, volume: Volume, *, progress: Progress = silent) -> Prediction:
        """The structures of a volume, on its grid."""


@dataclass(frozen=True)
class StructureDoubt:
    """How far the label maps agree on one structure.

    Attributes:
        structure: The structure.
        value: 1 − the mean Dice of all pairs of label maps (Roy et al. 2019, "Bayesian QuickNAT", NeuroImage
            195, 11-22, eq. 4): 0 where all are the same, up to 1. Two maps that both have none of it agree.
            None where no map has any: a model that finds nothing is certain of nothing.
        volumes_mm3: Its volume in each label map, the plain one first.
    """

    structure: Structure
    value: float | None
    volumes_mm3: tuple[float, ...]

    @property
    def volume_mm3(self) -> float:
        """The mean volume."""
        return float(np.mean(self.volumes_mm3))

    @property
    def volume_sd_mm3(self) -> float:
        """The standard deviation of the volume over the label maps (n − 1)."""
        return float(np.std(self.volumes_mm3, ddof=1))

    @property
    def found_in(self) -> int:
        """In how many label maps there is any."""
        return sum(volume > 0 for volume in self.volumes_mm3)

    def as_dict(self) -> dict[str, Any]:
        """It as a JSON object."""
        return {
            "structure": self.structure.name,
            "uncertainty": None if self.value is None else round(self.value, 6),
            "found_in": self.found_in,
            "volume_mm3": round(self.volume_mm3, 3),
            "volume_sd_mm3": round(self.volume_sd_mm3, 3),
        }


@dataclass(frozen=True, eq=False)
class CaseDoubt:
    """How sure a model is of a case.

    Attributes:
        prediction: What it finds on the case as it is.
        structures: Each structure that it knows.
        entropy_bits: For each voxel ``[k, j, i]`` the entropy of the label maps' votes, 0 to 1: 1 where half
            of them count it to a structure. The largest of all structures', as these may overlap.
        sampling: How it was asked.
    """

    prediction: Prediction
    structures: tuple[StructureDoubt, ...]
    entropy_bits: npt.NDArray[np.float32]
    sampling: Sampling

    @property
    def value(self) -> float | None:
        """One number for the case; see :func:`case_value`."""
        return case_value(self.structures)

    def as_dict(self) -> dict[str, Any]:
        """The numbers as a JSON object."""
        return {
            "value": None if self.value is None else round(self.value, 6),
            "structures": [one.as_dict() for one in self.structures],
            **self.sampling.as_dict(),
        }


def doubt(
    predict: Predicts,
    volume: Volume,
    *,
    sampling: Sampling = USUAL,
    modality: str = "",
    progress: Progress = silent,
) -> CaseDoubt:
    """Ask a model about a case several times, as it is and perturbed, and see how far the answers agree.

    Args:
        predict: The model, such as ``BundleProcess(bundle).predict``.
        volume: The case.
        sampling: How often, and what is perturbed.
        modality: What the model was made for, such as :attr:`medseg.assist.bundle.Bundle.modality`; it counts
            where the image does not say what its values are.
        progress: Told of each sample by name, with what the model tells of it.

    Raises:
        InputError: The model can't be run.
        Cancelled: ``progress`` raised it.
    """
    samples = sampling.samples

    def told(number: int) -> Progress:
        def tell(task: str, done: int, total: int) -> None:
            progress(f"{task}, sample {number + 1} of {samples}", number * total + done, samples * total)

        return tell

    plain = predict(volume, progress=told(0))
    answers: list[tuple[Prediction, Perturbation | None]] = [(plain, None)]
    changes = perturbations(
        volume, samples - 1, seed=sampling.seed, mirror=sampling.mirror, modality=modality
    )
    for number, change in enumerate(changes, start=1):
        answers.append((predict(change.of(volume), progress=told(number)), change))
    structures, entropy_bits = _compared(answers, volume.grid, progress)
    return CaseDoubt(plain, structures, entropy_bits, sampling)


def structure_value(masks: Sequence[Mask]) -> float | None:
    """1 − the mean Dice of all pairs of masks; None where all are empty.

    Args:
        masks: At least two, of one shape. A pair of empty ones counts as equal.
    """
    sizes = [np.count_nonzero(mask) for mask in masks]
    if not any(sizes):
        return None
    dice = [
        2 * np.count_nonzero(masks[a] & masks[b]) / both if (both := sizes[a] + sizes[b]) else 1.0
        for a, b in combinations(range(len(masks)), 2)
    ]
    return 1 - float(np.mean(dice))


def vote_entropy_bits(votes: npt.NDArray[Any], samples: int) -> npt.NDArray[np.float32]:
    """The entropy of votes for or against, in bits: 0 where all agree, 1 where it is even.

    Args:
        votes: How many of the samples count a voxel to the structure.
        samples: How many there are.
    """
    share = np.arange(samples + 1) / samples
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = -np.stack([share * np.log2(share), (1 - share) * np.log2(1 - share)])
    return np.asarray(np.nan_to_num(parts).sum(axis=0).astype(np.float32)[votes])


def case_value(structures: Sequence[StructureDoubt], wanted: Sequence[str] = ()) -> float | None:
    """One number for a case: the mean over the structures that were found in any label map.

    It is not the largest one: of a hundred organs a small one is always doubtful, and all cases would be
    alike.

    Args:
        structures: Each structure.
        wanted: Names of the structures that matter, in any case of letters; where the model knows none of
            them, all matter.

    Returns:
        None where none of them was found in any label map.
    """
    names = {name.casefold() for name in wanted}
    matter = [one for one in structures if one.structure.name.casefold() in names] or structures
    values = [one.value for one in matter if one.value is not None]
    return float(np.mean(values)) if values else None


def _compared(
    answers: Sequence[tuple[Prediction, Perturbation | None]], grid: Grid, progress: Progress
) -> tuple[tuple[StructureDoubt, ...], npt.NDArray[np.float32]]:
    known: dict[str, Structure] = {}
    for prediction, _ in answers:
        for structure in prediction.structures:
            known.setdefault(structure.id, structure)
    entropy_bits = np.zeros(grid.shape_kji, dtype=np.float32)
    found = []
    for number, structure in enumerate(known.values()):
        progress("comparing samples", number, len(known))
        masks, box = _masks_of(structure.id, answers, grid)
        votes = np.add.reduce(masks, dtype=np.uint8)
        bits = vote_entropy_bits(votes, len(masks))
        np.maximum(entropy_bits[box], bits, out=entropy_bits[box])
        volumes = tuple(float(np.count_nonzero(mask) * grid.voxel_volume_mm3) for mask in masks)
        found.append(StructureDoubt(structure, structure_value(masks), volumes))
    return tuple(found), entropy_bits


def _masks_of(
    structure_id: str, answers: Sequence[tuple[Prediction, Perturbation | None]], grid: Grid
) -> tuple[list[Mask], Box]:
    """A structure in each answer, brought back onto the case and cut to the box where any of them has it."""
    plain, _ = answers[0]
    nowhere = np.zeros(grid.shape_kji, dtype=bool)
    otherwise = plain.masks.get(structure_id, nowhere)
    parts: list[tuple[Box, Mask] | None] = []
    for prediction, change in answers:
        mask = prediction.masks.get(structure_id, nowhere)
        if change is not None:
            mask = change.back(mask, otherwise)
        box = box_of(mask)
        parts.append(None if box is None else (box, mask[box].copy()))
    around = box_around(part[0] for part in parts if part is not None)
    masks = []
    for part in parts:
        whole = np.zeros([side.stop - side.start for side in around], dtype=bool)
        if part is not None:
            box, mask = part
            corner = [side.start - outer.start for side, outer in zip(box, around, strict=True)]
            whole[box_at(corner, mask.shape)] = mask
        masks.append(whole)
    return masks, around
