"""Drawing a tumour: every slice of it, or contours on few planes that the engine completes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from actions_count.reader import ENOUGH_DICE, Reader, cut
from medseg.contour import Slice
from medseg.measurement import dice
from napari_medseg.completing import Snapshot, all_accepted, suggested


def slice_by_slice(reader: Reader) -> Iterator[float]:
    """Draw every slice of the acquisition that the tumour reaches; yields the Dice after each."""
    for index in np.flatnonzero(reader.truth.any(axis=(1, 2))):
        reader.draw(Slice(0, int(index)))
        reader.actions.notches += 1
        yield reader.dice()


def completed(reader: Reader) -> Iterator[float]:
    """Draw where Tab leads, until the proposal fits, and accept it; yields its Dice after each contour."""
    where = Slice(0, int(reader.truth.sum(axis=(1, 2)).argmax()))
    while True:
        reader.draw(where)
        snapshot = Snapshot.of(reader.case)
        proposal = all_accepted(snapshot)
        agreement = dice(proposal.result.label_map.mask(reader.structure_id), reader.truth)
        if agreement >= ENOUGH_DICE:
            break
        yield agreement
        where = _next(reader, snapshot)
    reader.case.edit("accept all", proposal.after)
    reader.actions.keys += 1
    yield reader.dice()


def _next(reader: Reader, snapshot: Snapshot) -> Slice:
    """Where Tab leads; where the tumour is not, once more."""
    for suggestion in suggested(snapshot, reader.structure_id):
        reader.actions.keys += 1
        if cut(reader.truth, suggestion.where).any():
            return suggestion.where
    raise RuntimeError(f"nothing is suggested any more at a Dice below {ENOUGH_DICE}")
