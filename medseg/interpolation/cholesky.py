"""Cholesky: systems of up to a few thousand equations, alike on each machine.

A library's factorisation divides its work among threads of its own. On a machine that is busy those wait for
each other, twenty times as long as they compute, and the last digits depend on their number.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from medseg.compiled import compiled

Floats = npt.NDArray[np.float64]

PANEL = 64
"""Columns that are factored before the rest of the matrix hears of them."""

STRIPE = 256
"""Columns of the rest that are updated together: a panel's part of them stays in the second cache."""

MAX_THREADS = 4
MIN_SIZE_FOR_THREADS = 1500
"""Smaller systems are solved faster than threads find each other."""

Each = Callable[[Callable[[int], None], Iterable[int]], Iterable[None]]
"""Applies a function to each of some numbers: ``map`` or that of a pool."""


def factored(matrix: Floats) -> Floats:
    """Factor a symmetric positive definite matrix in place; its lower half becomes the factor."""
    threads = min(MAX_THREADS, os.cpu_count() or 1)
    if threads == 1 or len(matrix) < MIN_SIZE_FOR_THREADS:
        _factor(matrix, 1, map)
    else:
        with ThreadPoolExecutor(threads) as pool:
            _factor(matrix, threads, pool.map)
    return matrix


def _factor(matrix: Floats, shares: int, each: Each) -> None:
    """Factor in panels of columns; between them each share of the rows can be updated on its own."""
    for start in range(0, len(matrix), PANEL):
        end = min(start + PANEL, len(matrix))
        panel = _factor_panel(matrix, start, end)

        def update(share: int, start: int = start, end: int = end, panel: Floats = panel) -> None:
            _update_rows(matrix, panel, start, end, share, shares)

        list(each(update, range(shares)))


@compiled
def _factor_panel(matrix: Floats, start: int, end: int) -> Floats:
    """Factor some columns; returns them transposed, so that their rows are contiguous."""
    size = len(matrix)
    panel = matrix[:, start:end].T.copy()
    for c in range(end - start):
        pivot = np.sqrt(panel[c, start + c])
        column = panel[c]
        for r in range(start + c, size):
            column[r] /= pivot
        for later in range(c + 1, end - start):
            factor = column[start + later]
            target = panel[later]
            for r in range(start + later, size):
                target[r] -= factor * column[r]
    for r in range(start, size):
        for c in range(min(end, r + 1) - start):
            matrix[r, start + c] = panel[c, r]
    return panel


@compiled
def _update_rows(matrix: Floats, panel: Floats, start: int, end: int, share: int, shares: int) -> None:
    """Subtract what factored columns contribute to each ``shares``-th row of the rest."""
    size = len(matrix)
    whole = (end - start) // 8 * 8
    for left in range(end, size, STRIPE):
        for r in range(left + (share - left) % shares, size, shares):
            right = min(left + STRIPE, r + 1)
            row, factors = matrix[r, left:right], panel[:, r]
            for k in range(0, whole, 8):
                # Eight at once, written out: each element of the row is loaded and stored once for all.
                p = panel[k : k + 8, left:right]
                p0, p1, p2, p3, p4, p5, p6, p7 = p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7]
                f = factors[k : k + 8]
                f0, f1, f2, f3, f4, f5, f6, f7 = f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7]
                for c in range(len(row)):
                    row[c] -= (
                        (f0 * p0[c] + f1 * p1[c]) + (f2 * p2[c] + f3 * p3[c])
                        + (f4 * p4[c] + f5 * p5[c]) + (f6 * p6[c] + f7 * p7[c])
                    )  # fmt: skip
            for k in range(whole, end - start):
                factor, column = factors[k], panel[k, left:right]
                for c in range(len(row)):
                    row[c] -= factor * column[c]


@compiled
def solved(factor: Floats, right_side: Floats) -> Floats:
    """Solve for one right side with the factor."""
    size = len(factor)
    x = right_side.copy()
    for r in range(size):
        total = x[r]
        for c in range(r):
            total -= factor[r, c] * x[c]
        x[r] = total / factor[r, r]
    for r in range(size - 1, -1, -1):
        x[r] /= factor[r, r]
        known, row = x[r], factor[r]
        for c in range(r):
            x[c] -= row[c] * known
    return x
