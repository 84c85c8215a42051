"""What the labels of a bundle mean."""

from types import SimpleNamespace

import numpy as np
import pytest

from medseg.assist.bundle.outputs import announced, as_prediction


def named(*names):
    return SimpleNamespace(channel_names=dict(enumerate(names)))


def one_channel(*values):
    return np.array(values, np.uint8).reshape(1, 1, 1, -1)


def test_one_channel_holds_a_label_a_structure():
    prediction = as_prediction(one_channel(0, 2, 2, 1), named("background", "Liver", "Tumour"))
    assert [(s.id, s.name, s.label) for s in prediction.structures] == [
        ("liver", "Liver", 1),
        ("tumour", "Tumour", 2),
    ]
    assert prediction.masks["tumour"].tolist() == [[[False, True, True, False]]]
    assert set(prediction.masks) == {"liver", "tumour"}


def test_channels_may_overlap_and_the_first_may_be_a_structure():
    labels = np.array([[1, 1, 1], [0, 1, 1]], np.uint8).reshape(2, 1, 1, 3)
    prediction = as_prediction(labels, named("Whole tumour", "Core"))
    assert [s.label for s in prediction.structures] == [1, 2]
    assert [int(mask.sum()) for mask in prediction.masks.values()] == [3, 2]
    assert announced(named("Whole tumour", "Core")) == prediction.structures
    with_background = as_prediction(labels, named("Background", "Core"))
    assert [(s.name, s.label) for s in with_background.structures] == [("Core", 1)]


def test_a_bundle_of_one_channel_without_a_background_means_what_is_above_its_threshold():
    prediction = as_prediction(one_channel(0, 1), named("Lesion"))
    assert [(s.name, s.label) for s in prediction.structures] == [("Lesion", 1)]
    assert announced(named("Lesion")) == prediction.structures


def test_a_label_that_the_metadata_do_not_name_is_kept_and_told():
    prediction = as_prediction(one_channel(0, 3, 1), named("background", "n/a"))
    assert [s.name for s in prediction.structures] == ["Structure 1", "Structure 3"]
    assert prediction.remarks == tuple(
        f"The bundle does not say what its label {label} is." for label in (1, 3)
    )


def test_structures_of_one_name_are_two():
    prediction = as_prediction(one_channel(1, 2), named("background", "Rib", "Rib"))
    assert [s.id for s in prediction.structures] == ["rib", "rib-2"]


@pytest.mark.parametrize("name", ["a\x1b[2Jb", "x" * 200, "  "])
def test_any_name_becomes_one_that_a_structure_can_have(name):
    (structure,) = announced(named("background", name))
    assert structure.name.isprintable()
    assert len(structure.name) <= 80
