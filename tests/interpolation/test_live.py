"""A completion that follows the reader's edits."""

from __future__ import annotations

import numpy as np
import pytest

from medseg.contour import Slice
from medseg.errors import Cancelled, LabelMapError
from medseg.interpolation.live import LiveCompletion
from medseg.labelmap import Structure
from random_reader import GRID, LIVER, TRUTH, RandomReader, edit_and_compare


@pytest.mark.parametrize(
    ("method", "axes", "edits"),
    [
        ("signed-distance", [0], 25),
        ("combined", [0], 25),
        ("signed-distance", [2], 12),
        ("auto", [0, 1, 2], 8),
    ],
)
@pytest.mark.parametrize("part_of", [None, "liver"])
def test_after_each_edit_the_labels_are_those_of_the_full_run(method, axes, edits, part_of):
    structures = [LIVER, Structure("tumour", "Tumour", 2, part_of=part_of)]
    live, reader = LiveCompletion(GRID, structures, method=method), RandomReader(edits, axes)
    for _ in range(edits):
        full = edit_and_compare(live, reader, method)
    completion = live.completion()
    assert completion.drawn == full.drawn
    assert completion.nested == full.nested
    assert completion.open_gaps == full.open_gaps
    assert np.array_equal(completion.label_map.voxels, full.label_map.voxels)


def test_an_edit_touches_the_gaps_beside_it_alone():
    live = LiveCompletion(GRID, [LIVER], method="signed-distance")
    for k in range(10, 31, 4):
        live.draw("liver", Slice(0, k), TRUTH["liver"][k])
    asked = []
    box = live.draw(
        "liver",
        Slice(0, 10),
        np.roll(TRUTH["liver"][10], 2, axis=1),
        lambda task, done, total: asked.append(total),
    )
    # A gap depends on the two drawn slices at its ends and on one more beyond either.
    assert (box[0].start, box[0].stop) == (10, 18)
    assert max(asked) == 2


def test_an_edit_that_is_cancelled_leaves_everything_as_it_was():
    live = LiveCompletion(GRID, [LIVER])
    for k in (10, 20, 30):
        live.draw("liver", Slice(0, k), TRUTH["liver"][k])
    before = live.layers[0].copy()

    def cancel(task, done, total):
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        live.draw("liver", Slice(0, 15), TRUTH["liver"][15], cancel)
    assert np.array_equal(live.layers[0], before)
    assert live.completion().drawn["liver"] == (Slice(0, 10), Slice(0, 20), Slice(0, 30))


def test_the_labels_can_only_be_changed_by_drawing():
    live = LiveCompletion(GRID, [LIVER])
    mask = TRUTH["liver"][20].copy()
    live.draw("liver", Slice(0, 20), mask)
    with pytest.raises(ValueError, match="read-only"):
        live.layers[0][0] = 1
    mask[:] = False
    live.draw("liver", Slice(0, 24), TRUTH["liver"][24])
    assert np.array_equal(live.layers[0][20] == 1, TRUTH["liver"][20])


def test_an_unknown_structure_is_refused():
    with pytest.raises(LabelMapError, match="spleen"):
        LiveCompletion(GRID, [LIVER]).draw("spleen", Slice(0, 20), TRUTH["liver"][20])
