"""The settings in the record are those that the methods work with."""

from __future__ import annotations

import json

import numpy as np
import pytest

from medseg.contour import Slice
from medseg.interpolation import METHODS, area_profile, combined, interpolate_masks
from medseg.labelmap import Structure
from medseg.volume import Quantity, Source, Volume
from medseg.workflows.interpolate import how_completed
from medseg.workflows.method_parameters import IMAGE_MODULES, MODULES
from solids import lump, upright

GRID = upright((17, 24, 24), (2.0, 1.0, 1.0))
TRUTH = lump(GRID, 9)
BALL = [Structure("a", "A", 1)]


def settings(method, **more):
    drawn = {"a": {Slice(0, k): TRUTH[k] for k in (4, 6, 8, 10, 12)}}
    return how_completed(interpolate_masks(drawn, GRID, BALL, method=method, **more))["a"].parameters


@pytest.mark.parametrize("method", METHODS)
def test_each_method_tells_every_module_that_it_names(method):
    told = settings(method)
    assert {name.split(".")[0] for name in told} == set(MODULES[method])
    assert not [name for name in told if "THREADS" in name]
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_a_setting_is_the_number_that_the_method_reads(monkeypatch):
    monkeypatch.setattr(combined, "STRENGTH", 0.125)
    told = settings("combined")
    assert told["combined.STRENGTH"] == 0.125
    assert told["area_profile.TOWARDS_CUBIC"] == area_profile.TOWARDS_CUBIC


def test_what_was_chosen_for_the_image_is_told():
    noise = np.random.default_rng(0).normal(0, 5, GRID.shape_kji)
    image = Volume(GRID, np.where(TRUTH, 80, 0) + noise, Quantity.HU, Source("phantom"))
    told = settings("combined", image=image)
    assert {name.split(".")[0] for name in told} == {*MODULES["combined"], *IMAGE_MODULES, "image"}
    assert 0 <= told["image.strength"] <= 1
    assert told["image.planes_predicted"] == 3
    assert 0 <= told["image.error_without"] <= 1
