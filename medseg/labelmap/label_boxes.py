"""Where each label of a layer lies: one pass over the voxels."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.compiled import compiled
from medseg.space import Box


def label_boxes(layer: npt.NDArray[Any]) -> dict[int, Box]:
    """The smallest box around each label that occurs, by label; background (0) left out.

    Args:
        layer: Labels ``[k, j, i]`` of uint8 or uint16, C-contiguous.
    """
    most = int(np.iinfo(layer.dtype).max)
    first = np.full((most + 1, 3), max(layer.shape), np.int32)
    last = np.full((most + 1, 3), -1, np.int32)
    _find(layer, first, last)
    return {
        int(label): (
            slice(int(first[label, 0]), int(last[label, 0]) + 1),
            slice(int(first[label, 1]), int(last[label, 1]) + 1),
            slice(int(first[label, 2]), int(last[label, 2]) + 1),
        )
        for label in np.flatnonzero(last[:, 0] >= 0)
        if label
    }


@compiled
def _find(layer: npt.NDArray[Any], first: npt.NDArray[np.int32], last: npt.NDArray[np.int32]) -> None:
    """Widen the boxes ``[label, axis]`` by every labelled voxel."""
    planes, rows, columns = layer.shape
    for k in range(planes):
        for j in range(rows):
            row = layer[k, j]
            # Most rows are empty: this loop has no branch and is done many voxels at a time.
            any_label = row[0]
            for i in range(columns):
                any_label |= row[i]
            if any_label == 0:
                continue
            for i in range(columns):
                label = row[i]
                if label == 0:
                    continue
                if i > 0 and i + 1 < columns and row[i - 1] == label and row[i + 1] == label:
                    continue
                first[label, 0] = min(first[label, 0], k)
                last[label, 0] = max(last[label, 0], k)
                first[label, 1] = min(first[label, 1], j)
                last[label, 1] = max(last[label, 1], j)
                first[label, 2] = min(first[label, 2], i)
                last[label, 2] = max(last[label, 2], i)
