"""Frames of a segmentation → a LabelMap on their lattice."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from medseg.errors import LabelMapError, NotOneVolumeError, UnsupportedImageError
from medseg.io.dicom_seg.frames import Frames
from medseg.io.dicom_seg.lattice import Lattice
from medseg.io.dicom_seg.segment_in import Segment, named_structures, own_structures
from medseg.io.dicom_seg.voxel_values import VoxelValues
from medseg.labelmap import LabelMap, Structure, in_layers
from medseg.labelmap.structure import MAX_LABEL

if TYPE_CHECKING:
    from pydicom import Dataset

Mask = npt.NDArray[np.bool_]

MAX_LAYER_VOXELS = 1 << 31
"""Of all layers together: a bit in a file becomes two bytes in memory, in each layer."""


@dataclass(frozen=True)
class StoredSegments:
    """Frames with all that it takes to make masks of them."""

    frames: Frames
    lattice: Lattice
    values: VoxelValues
    by_segment: Mapping[int, Sequence[tuple[int, int]]]

    @property
    def voxels(self) -> int:
        """How many voxels the grid has."""
        return math.prod(self.lattice.grid.shape_kji)

    def inside(self, frame: int) -> Mask:
        """Which voxels of a frame belong to its segment, ``[j, i]``."""
        return self.values.inside(self.frames.pixels(frame))

    def masks(self, number: int) -> Iterator[tuple[int, Mask]]:
        """The slices of a segment, ``k`` and flags ``[j, i]``."""
        for frame, k in self.by_segment.get(number, ()):
            yield k, self.inside(frame)

    def whole(self, number: int) -> Mask:
        """All voxels of a segment, ``[k, j, i]``."""
        mask = np.zeros(self.lattice.grid.shape_kji, bool)
        for k, inside in self.masks(number):
            mask[k] = inside
        return mask


def label_map_of_segments(stored: StoredSegments, segments: Sequence[Segment]) -> LabelMap:
    """Segments, which may overlap, in layers: those of medseg in their own."""
    _require_moderate(stored)
    wanted = [segment for segment in segments if not segment.is_background]
    own = own_structures(wanted, labels_are_numbers=False)
    label_map = _as_written(stored, own) if own else None
    if label_map is not None:
        return label_map
    structures = named_structures(wanted)
    return in_layers(stored.lattice.grid, ((one, stored.whole(number)) for number, one in structures.items()))


def _require_moderate(stored: StoredSegments) -> None:
    """Refuse a file that would take far more memory in layers than it has bytes."""
    by_slice: dict[int, list[int]] = defaultdict(list)
    for frames in stored.by_segment.values():
        for frame, k in frames:
            by_slice[k].append(frame)
    if stored.voxels * max(map(len, by_slice.values())) <= MAX_LAYER_VOXELS:
        return
    depth = max(
        int(np.sum([stored.inside(frame) for frame in frames], axis=0).max()) for frames in by_slice.values()
    )
    if stored.voxels * depth > MAX_LAYER_VOXELS:
        raise UnsupportedImageError(
            f"expected at most {MAX_LAYER_VOXELS} voxels in all layers, found {depth} segments one above the "
            f"other on {stored.voxels}",
            hint="export fewer segments into one file",
            reason="too-large",
        )


def _overlap(stored: StoredSegments, frames: Sequence[int]) -> int:
    """The most segments that a voxel of some frames at one place belongs to."""
    claims = np.zeros(stored.lattice.grid.shape_kji[1:], np.uint32)
    for frame in frames:
        claims += stored.inside(frame)
    return int(claims.max())


def _as_written(stored: StoredSegments, structures: Mapping[int, Structure]) -> LabelMap | None:
    """Structures in the layers that they had; None if those can't hold them any more."""
    count = 1 + max(one.layer for one in structures.values())
    if count * stored.voxels > MAX_LAYER_VOXELS:
        return None
    layers = [_empty(stored.lattice, structures.values()) for _ in range(count)]
    for number, structure in structures.items():
        layer = layers[structure.layer]
        for k, inside in stored.masks(number):
            if layer[k][inside].any():
                return None
            layer[k][inside] = structure.label
    try:
        return LabelMap.painted(stored.lattice.grid, layers, tuple(structures.values()))
    except LabelMapError:
        return None


def label_map_of_labels(
    frames: Frames, lattice: Lattice, segments: Sequence[Segment], dataset: Dataset
) -> LabelMap:
    """Voxels that hold segment numbers."""
    if len(set(lattice.slices)) < len(lattice.slices):
        raise NotOneVolumeError(
            "several frames of a label map lie in one place",
            hint="tiled segmentations and those of moving organs are not read",
            reason="duplicate-positions",
        )
    wanted = [segment for segment in segments if not segment.is_background]
    structures = own_structures(wanted, labels_are_numbers=True) or named_structures(wanted)
    table = _label_table(segments, structures, dataset)
    layer = np.zeros(lattice.grid.shape_kji, np.uint16)
    for frame, k in enumerate(lattice.slices):
        layer[k] = table[frames.pixels(frame)]
    smallest = np.uint8 if layer.max() <= np.iinfo(np.uint8).max else np.uint16
    layers = (layer.astype(smallest),)
    try:
        return LabelMap(lattice.grid, layers, tuple(structures.values()))
    except LabelMapError:
        # Parts in a circle: somebody changed what medseg wrote.
        return LabelMap(
            lattice.grid, layers, tuple(replace(one, part_of=None) for one in structures.values())
        )


def _label_table(
    segments: Sequence[Segment], structures: Mapping[int, Structure], dataset: Dataset
) -> npt.NDArray[np.uint16]:
    """Stored value -> label: background and padding are 0, and a segment numbered 0 gets a free label."""
    table = np.arange(MAX_LABEL + 1, dtype=np.uint16)
    for number, structure in structures.items():
        table[number] = structure.label
    padding = dataset.get("PixelPaddingValue")
    nothing = [segment.number for segment in segments if segment.is_background]
    if isinstance(padding, int) and 0 <= padding <= MAX_LABEL and padding not in structures:
        nothing.append(padding)
    table[nothing] = 0
    return table


def _empty(lattice: Lattice, structures: Iterable[Structure]) -> npt.NDArray[Any]:
    highest = max(one.label for one in structures)
    return np.zeros(lattice.grid.shape_kji, np.uint8 if highest <= np.iinfo(np.uint8).max else np.uint16)
