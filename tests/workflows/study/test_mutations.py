"""Five hundred random alterations of approved artefacts: each is found and named, and nothing else is."""

from __future__ import annotations

import pytest

from altered_artefacts import Artefacts, alter_files, alter_studies

FILES, STUDIES = 300, 200


@pytest.fixture
def artefacts(site, tmp_path):
    return Artefacts.made(site, tmp_path)


@pytest.mark.timeout(300)
def test_each_altered_label_map_is_found_and_named(artefacts):
    tally = alter_files(artefacts, FILES, seed=20260304)
    assert tally.faults == []
    assert sum(tally.altered.values()) == tally.controls == FILES


@pytest.mark.timeout(300)
def test_each_altered_study_is_found_and_named(artefacts):
    tally = alter_studies(artefacts, STUDIES, seed=20260305)
    assert tally.faults == []
    assert sum(tally.altered.values()) == STUDIES
    assert tally.controls == STUDIES // 10
