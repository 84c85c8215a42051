"""`make soak`: thousands of random alterations of approved artefacts."""

from __future__ import annotations

import os

import pytest

from altered_artefacts import Artefacts, alter_files, alter_studies
from soak_page import replace_line
from study_cases import site, studies

__all__ = ["site", "studies"]

pytestmark = [
    pytest.mark.skipif("MEDSEG_SOAK" not in os.environ, reason="long; run by `make soak`"),
    pytest.mark.timeout(3600),
]


@pytest.mark.parametrize(
    ("what", "alter", "count"),
    [
        ("signed label maps, by `verify`", alter_files, 3000),
        ("studies, by `study check`", alter_studies, 2000),
    ],
)
def test_every_alteration_is_found_and_named(site, tmp_path, what, alter, count):
    tally = alter(Artefacts.made(site, tmp_path), count, seed=count)
    assert tally.faults == []
    replace_line("mutations", f"| {what} |", f" {count:,} | 0 | 0 | {tally.controls:,} | 0 |")
