"""One delineation from those of several readers: by majority, or by STAPLE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medseg.measurement.requirements import Mask, require_same_shape

FloatArray = npt.NDArray[np.float64]

FIRST_GUESS = 0.99999
"""Of every reader's sensitivity and specificity, as in ITK's filter: readers are nearly always right."""

CHANGE = 1e-7
"""Sensitivities and specificities that change by no more have been found: ITK's limit on their squares."""

MAX_ITERATIONS = 2000
"""STAPLE converges slowly where readers hardly overlap; a step takes microseconds here."""

MOST_READERS = 16
"""As many bits as a pattern of votes has here."""


@dataclass(frozen=True, eq=False)
class Staple:
    """What STAPLE estimates.

    Attributes:
        probability: That a voxel belongs to the structure, ``[k, j, i]``.
        sensitivities: Of each reader: the share of the structure that he marked.
        specificities: Of each reader: the share of the rest that he left out.
        iterations: How many there were.
        converged: Whether the estimates stood still by then.
    """

    probability: FloatArray
    sensitivities: tuple[float, ...]
    specificities: tuple[float, ...]
    iterations: int
    converged: bool

    @property
    def mask(self) -> Mask:
        """The voxels that belong to the structure with a probability of one half or more."""
        return np.asarray(self.probability >= 0.5)


def majority(masks: Sequence[Mask]) -> Mask:
    """The voxels that more than half of the readers marked.

    Where an even number of readers is split, the voxel is left out.

    Args:
        masks: Of each reader, ``[k, j, i]``.

    Raises:
        ValueError: There are none.
        GridMismatchError: Their shapes differ.
    """
    return np.asarray(2 * votes(masks) > len(masks))


def votes(masks: Sequence[Mask]) -> npt.NDArray[np.uint16]:
    """How many readers marked each voxel; arguments and errors as for :func:`majority`."""
    _require_comparable(masks)
    return np.asarray(np.sum([mask.view(np.uint8) for mask in masks], axis=0, dtype=np.uint16))


def staple(masks: Sequence[Mask]) -> Staple:
    """Estimate the structure and how well each reader marked it (Warfield et al. 2004, IEEE TMI 23:903-921).

    The chance of a voxel to belong to the structure before anybody looks is the mean share that the readers
    marked, as in ITK's filter. It depends on how much around the structure is given: with much background a
    voxel that one reader alone marked soon counts. So crop the masks to the box around what anybody marked.

    There may be several optima; the one found is that which exact numbers lead to from
    :data:`FIRST_GUESS`. It is mostly ITK's, too; from five readers on ITK's rounding may end at another one.

    Voxels that the same readers marked have the same probability: what is iterated are the patterns of votes
    and their counts, not the voxels.

    Args:
        masks: Of each reader, ``[k, j, i]``; from 1 to 16.

    Raises:
        ValueError: There are none, or too many.
        GridMismatchError: Their shapes differ.
    """
    _require_comparable(masks)
    if len(masks) > MOST_READERS:
        raise ValueError(f"expected at most {MOST_READERS} readers, got {len(masks)}")
    patterns = np.zeros(masks[0].shape, np.uint16)
    for number, mask in enumerate(masks):
        patterns |= mask.astype(np.uint16) << number
    of_each = np.bincount(patterns.ravel(), minlength=1 << len(masks))
    occurring = np.flatnonzero(of_each)
    counts = of_each[occurring].astype(np.float64)
    marked = (occurring[:, None] >> np.arange(len(masks)) & 1).astype(bool)
    prior = float(counts @ marked.sum(axis=1) / (counts.sum() * len(masks))) if counts.sum() else 0.0
    if prior in (0.0, 1.0):
        # All say the same of every voxel.
        certain = (1.0,) * len(masks)
        return Staple(np.full(masks[0].shape, prior), certain, certain, 0, converged=True)
    found = _iterated(marked, counts, prior)
    probability = np.zeros(1 << len(masks))
    probability[occurring] = found.probability
    return Staple(
        probability[patterns],
        tuple(map(float, found.sensitivity)),
        tuple(map(float, found.specificity)),
        found.iterations,
        found.converged,
    )


@dataclass(frozen=True, eq=False)
class _Estimate:
    """Of patterns of votes ``(p,)`` the probability, and of each reader sensitivity and specificity."""

    probability: FloatArray
    sensitivity: FloatArray
    specificity: FloatArray
    iterations: int
    converged: bool


def _iterated(marked: npt.NDArray[np.bool_], counts: FloatArray, prior: float) -> _Estimate:
    """Expectation and maximisation in turn, over patterns of votes ``(p, readers)`` and their counts.

    What a reader missed, and what he marked in error, are sums of their own: as 1 less his sensitivity they
    would be nothing but rounding where he is nearly always right, and many readers multiply that. It led to
    another optimum than the one that exact numbers find, or to none at all.
    """
    from scipy.special import expit

    sensitivity = specificity = np.full(marked.shape[1], FIRST_GUESS)
    missed = in_error = 1 - sensitivity
    for iteration in range(1, MAX_ITERATIONS + 1):
        # Logarithms: products of sixteen small shares would be 0.
        odds = np.log(prior) - np.log1p(-prior) + _log_odds(marked, sensitivity, in_error)
        odds += _log_odds(~marked, missed, specificity)
        probability = expit(odds)
        of_structure, of_rest = counts * probability, counts * expit(-odds)
        before = np.concatenate([sensitivity, specificity])
        sensitivity, missed = (_share(of_structure, said) for said in (marked, ~marked))
        in_error, specificity = (_share(of_rest, said) for said in (marked, ~marked))
        if np.abs(np.concatenate([sensitivity, specificity]) - before).max() <= CHANGE:
            return _Estimate(probability, sensitivity, specificity, iteration, converged=True)
    return _Estimate(probability, sensitivity, specificity, MAX_ITERATIONS, converged=False)


def _log_odds(said: npt.NDArray[np.bool_], in_structure: FloatArray, in_rest: FloatArray) -> FloatArray:
    """By how much the readers who said so raise the odds of each pattern, as a logarithm."""
    shares = np.maximum([in_structure, in_rest], np.finfo(np.float64).tiny)
    return np.asarray(said @ (np.log(shares[0]) - np.log(shares[1])))


def _share(weights: FloatArray, said: npt.NDArray[np.bool_]) -> FloatArray:
    """How much of the weight of all patterns have those in which each reader said so."""
    whole = weights.sum()
    # Of nothing every share is taken for whole, so that nobody is blamed for it.
    return np.asarray(weights @ said / whole) if whole > 0 else np.ones(said.shape[1])


def _require_comparable(masks: Sequence[Mask]) -> None:
    if not masks:
        raise ValueError("expected the mask of at least one reader")
    for mask in masks:
        require_same_shape(masks[0], mask)
