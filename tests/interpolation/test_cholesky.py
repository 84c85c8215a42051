"""Cholesky: systems of up to a few thousand equations, alike on each machine."""

from __future__ import annotations

import numpy as np
import pytest

from medseg.interpolation import cholesky


def positive_definite(size):
    rng = np.random.default_rng(size)
    root = rng.normal(size=(size, size))
    return root @ root.T + size * np.eye(size)


@pytest.mark.parametrize("size", [1, 2, 7, 64, 65, 130, 700])
def test_the_solution_solves_the_system(size):
    matrix = positive_definite(size)
    right_side = np.cos(np.arange(size))
    solution = cholesky.solved(cholesky.factored(matrix.copy()), right_side)
    assert np.allclose(matrix @ solution, right_side, atol=1e-9)


def test_threads_change_nothing(monkeypatch):
    matrix = positive_definite(300)
    alone = cholesky.factored(matrix.copy())
    monkeypatch.setattr(cholesky, "MIN_SIZE_FOR_THREADS", 0)
    monkeypatch.setattr(cholesky.os, "cpu_count", lambda: 3)
    assert np.array_equal(np.tril(cholesky.factored(matrix.copy())), np.tril(alone))
