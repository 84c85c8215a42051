"""A tumour of many slices takes fewer than half the actions when it is completed from few contours."""

from __future__ import annotations

import pytest

from actions_count import ENOUGH_DICE, count


def test_the_sarcoma_takes_fewer_than_half_of_the_actions(real_data):
    counts = {(one.tool, one.way): one for one in count("STS_001, T1", real_data)}
    for tool in ("Freehand", "Polygon"):
        whole, few = counts[tool, "slice by slice"], counts[tool, "completed"]
        assert len(whole.dices) == whole.slices == 31
        assert min(whole.dices[-1], few.dices[-1]) >= ENOUGH_DICE
        assert few.actions.total < whole.actions.total / 2


def test_the_metastasis_of_six_slices_reaches_the_same_dice(real_data):
    counts = [one for one in count("ct_liver_metastases", real_data) if one.tool == "Freehand"]
    whole, few = counts
    assert whole.actions.strokes == whole.slices == 6
    assert few.dices[-1] >= ENOUGH_DICE
    assert few.dices == tuple(pytest.approx(value, abs=0.02) for value in sorted(few.dices)), "each one helps"
