"""Simulated clicks, and how clicks are drawn for a network."""

from __future__ import annotations

import numpy as np
import pytest

from medseg.assist.bundle.guidance import click_channels, current_channels, guidance_form
from medseg.assist.training.clicks import corrective_click
from medseg.errors import UnreadableFileError

SPACING_MM = (1.0, 1.0, 3.0)


def test_the_click_lies_amid_the_largest_mistake_and_says_what_is_there():
    truth = np.zeros((20, 20, 10), np.uint8)
    truth[2:9, 2:9, 2:9] = 2
    proposed = truth.copy()
    proposed[3:8, 3:8, 3:8] = 1  # 125 voxels
    proposed[12:16, 12:16, 2:8] = 1  # 96 voxels too many
    click = corrective_click(proposed, truth, SPACING_MM)
    assert (click.label, click.at) == (2, (5, 5, 5))
    proposed[3:8, 3:8, 3:8] = 2
    click = corrective_click(proposed, truth, SPACING_MM)
    assert click.label == 0
    assert all(12 <= n < 16 for n in click.at[:2])
    assert 2 <= click.at[2] < 8
    assert corrective_click(truth, truth, SPACING_MM) is None


def test_a_mistake_at_the_very_edge_is_found_too():
    truth = np.zeros((6, 6, 6), np.uint8)
    proposed = truth.copy()
    proposed[0, 0, 0] = 1
    assert corrective_click(proposed, truth, SPACING_MM).at == (0, 0, 0)


def test_clicks_are_round_in_mm_and_may_lie_outside():
    drawn = click_channels([[], [[5, 5, 4], [5, 5, 40]]], (11, 11, 9), SPACING_MM, 3.0)
    assert drawn.shape == (2, 11, 11, 9)
    assert not drawn[0].any()
    assert drawn[1, 5, 5, 4] == 1
    assert drawn[1, 8, 5, 4] == pytest.approx(drawn[1, 5, 5, 5]) == pytest.approx(np.exp(-0.5))


def test_the_current_structures_are_masks_without_the_background():
    labels = np.array([[[0, 1, 2, 2]]])
    assert current_channels(labels, 2).reshape(2, 4).tolist() == [[0, 1, 0, 0], [0, 0, 1, 1]]


def test_a_form_that_can_not_be_is_refused():
    assert guidance_form({}) is None
    assert guidance_form({"medseg": {"optional_inputs": []}}) is None
    good = guidance_form({"medseg": {"guidance": {"structures": 2, "click_sigma_mm": 3.5}}})
    assert (good.structures, good.click_sigma_mm, good.channels) == (2, 3.5, 5)
    for bad in ([], {"structures": 0, "click_sigma_mm": 1}, {"structures": 1, "click_sigma_mm": -1}, {}):
        with pytest.raises(UnreadableFileError) as refused:
            guidance_form({"medseg": {"guidance": bad}})
        assert refused.value.details["reason"] == "bundle-damaged"
