"""`make soak`: thousands of live edits, each compared with the full run."""

from __future__ import annotations

import os

import pytest

from medseg.interpolation import LiveCompletion
from medseg.labelmap import Structure
from random_reader import GRID, LIVER, RandomReader, edit_and_compare
from soak_page import replace_line

pytestmark = [
    pytest.mark.skipif("MEDSEG_SOAK" not in os.environ, reason="long; run by `make soak`"),
    pytest.mark.timeout(1800),
]


@pytest.mark.parametrize(
    ("method", "axes", "edits"),
    [
        ("signed-distance", [0], 2000),
        ("combined", [0], 2000),
        ("combined", [1], 500),
        ("auto", [0, 1, 2], 500),
    ],
)
def test_after_each_of_many_edits_the_labels_are_those_of_the_full_run(method, axes, edits):
    structures = [LIVER, Structure("tumour", "Tumour", 2)]
    live, reader = LiveCompletion(GRID, structures, method=method), RandomReader(7, axes)
    for _ in range(edits):
        edit_and_compare(live, reader, method)
    name = f"| {method}, slices along {' '.join('kji'[axis] for axis in axes)} |"
    replace_line("live", name, f" {edits} | 0 | 0 |")
