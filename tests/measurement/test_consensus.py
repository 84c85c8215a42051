"""Consensus: by majority, and by STAPLE as ITK's filter has it."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
import SimpleITK
from scipy.ndimage import gaussian_filter

from medseg.errors import GridMismatchError
from medseg.measurement.consensus import majority, staple, votes


def readers(count: int, seed: int = 0, spread: float = 0.2) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = gaussian_filter(rng.standard_normal((10, 20, 22)), 3)
    truth /= truth.std()
    return [
        truth + spread * gaussian_filter(rng.standard_normal(truth.shape), 1) / 0.15 > 0.5
        for _ in range(count)
    ]


# Of two readers hardly anything tells who is right: both creep, and stop at slightly different places.
@pytest.mark.parametrize(
    ("count", "seed", "within"), [(2, 0, 2e-3), (3, 1, 1e-5), (5, 2, 1e-5), (5, 3, 1e-5), (8, 4, 1e-5)]
)
def test_staple_is_that_of_itk(count, seed, within):
    masks = readers(count, seed)
    itk = SimpleITK.STAPLEImageFilter()
    images = [SimpleITK.GetImageFromArray(mask.astype(np.uint8)) for mask in masks]
    expected = SimpleITK.GetArrayFromImage(itk.Execute(images))
    found = staple(masks)
    assert found.converged
    np.testing.assert_allclose(found.probability, expected, atol=within)
    np.testing.assert_allclose(found.sensitivities, itk.GetSensitivity(), atol=within)
    np.testing.assert_allclose(found.specificities, itk.GetSpecificity(), atol=within)
    np.testing.assert_array_equal(found.mask, expected >= 0.5)


def exact_staple(masks, iterations):
    """Warfield's steps, voxel pattern by pattern, in 60 digits: nothing is lost by subtracting."""
    votes_of, counts = np.unique(np.stack([mask.ravel() for mask in masks]), axis=1, return_counts=True)
    marked, counts = votes_of.T.tolist(), [Decimal(int(count)) for count in counts]
    with localcontext(prec=60):
        prior = sum(n * sum(said) for n, said in zip(counts, marked, strict=True))
        prior /= sum(counts) * len(masks)
        p = q = [Decimal("0.99999")] * len(masks)
        for _ in range(iterations):
            w = []
            for said in marked:
                inside = prior * math.prod(a if x else 1 - a for a, x in zip(p, said, strict=True))
                outside = (1 - prior) * math.prod(1 - b if x else b for b, x in zip(q, said, strict=True))
                w.append(inside / (inside + outside))
            inside = [n * x for n, x in zip(counts, w, strict=True)]
            outside = [n * (1 - x) for n, x in zip(counts, w, strict=True)]
            columns = list(zip(*marked, strict=True))
            p = [sum(n for n, x in zip(inside, said, strict=True) if x) / sum(inside) for said in columns]
            q = [
                sum(n for n, x in zip(outside, said, strict=True) if not x) / sum(outside) for said in columns
            ]
    return np.array(list(map(float, w))), votes_of


@pytest.mark.parametrize(("count", "seed"), [(8, 19), (12, 63), (16, 37)])
def test_many_readers_lead_where_exact_numbers_do(count, seed):
    """Some draw wide, some narrow: with sensitivities next to 1, rounding could make another optimum."""
    rng = np.random.default_rng(seed)
    field = gaussian_filter(rng.standard_normal((10, 20, 22)), 3)
    field /= field.std()
    masks = [
        np.roll(field + 1.5 * gaussian_filter(rng.standard_normal(field.shape), 1.5), int(moved), 2) > limit
        for limit, moved in zip(rng.uniform(-0.2, 1.2, count), rng.integers(-1, 2, count), strict=True)
    ]
    found = staple(masks)
    assert found.converged
    probability, votes_of = exact_staple(masks, found.iterations)
    for said, expected in zip(votes_of.T, probability, strict=True):
        where = np.logical_and.reduce([mask == x for mask, x in zip(masks, said, strict=True)])
        np.testing.assert_allclose(found.probability[where], expected, atol=1e-9)


def test_a_careless_reader_counts_less():
    rng = np.random.default_rng(5)
    truth = np.zeros((10, 20, 22), dtype=bool)
    truth[3:7, 5:15, 5:15] = True
    good = [truth ^ (rng.random(truth.shape) < 0.02) for _ in range(3)]
    bad = [rng.random(truth.shape) < 0.3 for _ in range(2)]
    found = staple([*good, *bad])
    assert min(found.sensitivities[:3]) > 0.9 > 0.5 > max(found.sensitivities[3:])
    assert np.count_nonzero(found.mask ^ truth) < np.count_nonzero(majority([*good, *bad]) ^ truth)


def test_majority_needs_more_than_half():
    masks = [np.array([[[a, b, c]]], dtype=bool) for a, b, c in ((1, 1, 1), (1, 1, 0), (1, 0, 0), (1, 0, 0))]
    assert votes(masks).tolist() == [[[4, 2, 1]]]
    assert majority(masks).tolist() == [[[True, False, False]]]
    assert majority(masks[:3]).tolist() == [[[True, True, False]]]


def test_majority_of_more_readers_than_a_byte_counts():
    marked = np.ones((1, 1, 1), dtype=bool)
    assert majority([marked] * 200).all()
    assert majority([marked] * 300 + [~marked] * 200).all()
    assert not majority([marked] * 200 + [~marked] * 200).any()


@pytest.mark.parametrize("value", [False, True])
def test_where_all_say_the_same(value):
    found = staple([np.full((2, 3, 4), value)] * 3)
    assert (found.mask == value).all()
    assert found.converged
    assert found.sensitivities == (1.0, 1.0, 1.0)


def test_one_reader_is_his_own_consensus():
    (mask,) = readers(1)
    np.testing.assert_array_equal(staple([mask]).mask, mask)
    np.testing.assert_array_equal(majority([mask]), mask)


def test_refusals():
    mask = np.ones((2, 2, 2), dtype=bool)
    for consensus in (majority, staple):
        with pytest.raises(ValueError, match="at least one reader"):
            consensus([])
        with pytest.raises(GridMismatchError):
            consensus([mask, np.ones((2, 2, 3), dtype=bool)])
    with pytest.raises(ValueError, match="at most 16"):
        staple([mask] * 17)
