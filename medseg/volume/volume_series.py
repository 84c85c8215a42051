"""VolumeSeries: volumes on one grid, along a named and valued fourth axis."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.errors import GridMismatchError
from medseg.space import Grid
from medseg.volume.volume import Quantity, Source, Volume, locked


class SeriesAxis(StrEnum):
    """What differs from one volume of a series to the next."""

    TIME = "time"
    """When it was acquired."""
    ECHO = "echo"
    """Echo time of an MR sequence."""
    B_VALUE = "b-value"
    """Diffusion weighting of an MR sequence, in the order of acquisition."""
    INDEX = "index"
    """Nothing names it; the values count the volumes from 0."""

    @property
    def unit(self) -> str:
        """The unit of the values along the axis."""
        return _UNITS[self]


_UNITS = {
    SeriesAxis.TIME: "s",
    SeriesAxis.ECHO: "ms",
    SeriesAxis.B_VALUE: "s/mm²",
    SeriesAxis.INDEX: "",
}

_ASCENDING = frozenset({SeriesAxis.TIME, SeriesAxis.ECHO})


@dataclass(frozen=True, eq=False)
class VolumeSeries:
    """A 4-D image: volumes of one grid, one quantity and one type of number.

    Their voxels are read-only views of one array ``[t, k, j, i]``. Use :meth:`from_array` where there is
    such an array already; volumes with arrays of their own are copied into one.

    Args:
        volumes: The volumes in order; at least one.
        axis: What differs between them.
        values: Where each volume lies on the axis, in the axis's unit. They never fall along time and echo;
            b-values stay in the order of acquisition.

    Raises:
        GridMismatchError: The volumes do not lie on one grid.
        ValueError: No volumes, not one finite value a volume, values that can't be on this axis, or volumes
            of different quantities or types of number.
    """

    volumes: tuple[Volume, ...]
    axis: SeriesAxis
    values: tuple[float, ...]
    voxels_tkji: npt.NDArray[Any] = field(init=False, repr=False)
    """All voxels, ``[t, k, j, i]``, C-contiguous and read-only."""

    def __post_init__(self) -> None:
        volumes = tuple(self.volumes)
        _require_alike(volumes)
        values = tuple(float(value) for value in self.values)
        _require_values(self.axis, values, len(volumes))
        voxels = _shared_array(volumes)
        if voxels is None:
            voxels = locked(np.stack([volume.voxels for volume in volumes]))
            volumes = tuple(replace(volume, voxels=voxels[t]) for t, volume in enumerate(volumes))
        object.__setattr__(self, "volumes", volumes)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "voxels_tkji", voxels)

    @classmethod
    def from_array(
        cls,
        grid: Grid,
        voxels_tkji: npt.NDArray[Any],
        *,
        axis: SeriesAxis,
        values: Sequence[float],
        quantity: Quantity,
        sources: Source | Sequence[Source],
        warnings: tuple[str, ...] = (),
        display_window: tuple[float, float] | None = None,
    ) -> VolumeSeries:
        """Make a series of one array, without copying it where it owns its data.

        Args:
            grid: Where the voxels of each volume lie.
            voxels_tkji: Real-valued numbers ``[t, k, j, i]``; taken over and locked.
            axis: What differs between the volumes.
            values: One a volume.
            quantity: What the numbers measure.
            sources: Where the volumes came from: one for all, or one each.
            warnings: What a careful user should know, said of each volume.
            display_window: See :class:`Volume`.

        Raises:
            GridMismatchError: The array is not 4-D, or its volumes have not the grid's shape.
            UnsupportedImageError: The voxels are not real numbers.
            ValueError: See the class.
        """
        if voxels_tkji.ndim != 4 or voxels_tkji.shape[1:] != grid.shape_kji:
            raise GridMismatchError(
                f"expected voxels of shape (t, *{grid.shape_kji}), got {voxels_tkji.shape}",
                expected=list(grid.shape_kji),
                found=list(voxels_tkji.shape),
            )
        voxels = locked(voxels_tkji)
        of_each = [sources] * len(voxels) if isinstance(sources, Source) else list(sources)
        volumes = tuple(
            Volume(grid, volume, quantity, source, warnings, display_window)
            for volume, source in zip(voxels, of_each, strict=True)
        )
        return cls(volumes, axis, tuple(values))

    @property
    def unit(self) -> str:
        """The unit of ``values``."""
        return self.axis.unit

    @property
    def grid(self) -> Grid:
        """The grid that all volumes share."""
        return self.volumes[0].grid

    @property
    def quantity(self) -> Quantity:
        """What the numbers measure."""
        return self.volumes[0].quantity

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is said of any volume, each sentence once."""
        return tuple(dict.fromkeys(sentence for volume in self.volumes for sentence in volume.warnings))

    def __len__(self) -> int:
        return len(self.volumes)

    def __iter__(self) -> Iterator[Volume]:
        return iter(self.volumes)


def _require_alike(volumes: tuple[Volume, ...]) -> None:
    if not volumes:
        raise ValueError("a series needs at least one volume")
    first = volumes[0]
    for t, volume in enumerate(volumes[1:], start=1):
        if volume.grid is not first.grid:
            volume.grid.require_same_as(first.grid, f"volume {t} and the first of its series")
        kind, expected = ((v.quantity.value, str(v.voxels.dtype)) for v in (volume, first))
        if kind != expected:
            raise ValueError(f"expected volumes of {expected}, got {kind} at {t}")


def _require_values(axis: SeriesAxis, values: tuple[float, ...], count: int) -> None:
    if len(values) != count or not all(map(math.isfinite, values)):
        raise ValueError(f"expected {count} finite values along {axis}, got {values}")
    if axis in _ASCENDING and any(later < earlier for earlier, later in pairwise(values)):
        raise ValueError(f"expected values that never fall along {axis}, got {values}")
    if axis is SeriesAxis.INDEX and values != tuple(map(float, range(count))):
        raise ValueError(f"expected an index that counts from 0, got {values}")


def _shared_array(volumes: tuple[Volume, ...]) -> npt.NDArray[Any] | None:
    """One array that the volumes are views of, in their order and without gaps; None where there is none."""
    first = volumes[0].voxels
    owner = first.base  # the same for all views of it, however they were cut
    if not isinstance(owner, np.ndarray) or not owner.flags.c_contiguous:
        return None
    start = _address(first)
    places = [start + t * first.nbytes for t in range(len(volumes))]
    if any(volume.voxels.base is not owner for volume in volumes) or places != [
        _address(volume.voxels) for volume in volumes
    ]:
        return None
    skipped = start - _address(owner)
    held = owner.reshape(-1).view(np.uint8)[skipped : skipped + len(volumes) * first.nbytes]
    return held.view(first.dtype).reshape(len(volumes), *first.shape)


def _address(array: npt.NDArray[Any]) -> int:
    return int(array.__array_interface__["data"][0])
