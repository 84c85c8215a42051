"""The volumes of a 4-D image, read when they are looked at."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from medseg.progress import Progress, silent
from medseg.volume import SeriesAxis, Volume, VolumeSeries
from medseg.workflows.list_volumes import ListedVolume, place_on, require_index
from medseg.workflows.open_image import open_listed, open_series

KEPT_BYTES = 512 * 2**20
"""Volumes that were read are kept up to this size; a heart of 20 phases is, a long perfusion CT is not."""


class TimePoints:
    """The volumes along the fourth axis of an image, whatever that is: time, echo or b-value.

    Safe to use from several threads.

    Args:
        axis: What differs between the volumes.
        values: Where each lies on the axis.
        read: Reads one.
        in_memory: Whether all are read already.

    Attributes:
        axis: What differs between the volumes.
        values: Where each lies on the axis, in the axis's unit.
    """

    def __init__(
        self,
        axis: SeriesAxis,
        values: tuple[float, ...],
        read: Callable[[int, Progress], Volume],
        *,
        in_memory: bool = False,
    ) -> None:
        self.axis = axis
        self.values = values
        self._read = read
        self._in_memory = in_memory
        self._kept: OrderedDict[int, Volume] = OrderedDict()
        self._lock = Lock()

    @classmethod
    def of_listed(cls, listed: ListedVolume) -> TimePoints | None:
        """The volumes of a series that was found in a folder; None where there is only one."""
        axis = listed.summary.axis
        if listed.count < 2 or axis is None:
            return None

        def read(time_index: int, progress: Progress) -> Volume:
            return open_listed(listed, time_index=time_index, progress=progress)

        return cls(axis, tuple(listed.summary.axis_values), read)

    @classmethod
    def of_series(cls, series: VolumeSeries) -> TimePoints | None:
        """The volumes of a series in memory; None where there is only one."""
        if len(series) < 2:
            return None
        volumes = series.volumes
        return cls(series.axis, series.values, lambda index, _progress: volumes[index], in_memory=True)

    @classmethod
    def of_path(cls, path: Path | str, progress: Progress = silent) -> TimePoints | None:
        """The volumes of a 4-D NIfTI file or of the only series of a DICOM folder.

        Raises:
            MedsegError: As :func:`~medseg.workflows.open_image.open_series`.
        """
        return cls.of_series(open_series(path, progress=progress))

    @property
    def count(self) -> int:
        """How many there are: two or more."""
        return len(self.values)

    def is_read(self, time_index: int) -> bool:
        """Whether a volume is in memory."""
        return self._in_memory or time_index in self._kept

    def take(self, time_index: int, volume: Volume) -> None:
        """Keep a volume that was read already."""
        with self._lock:
            self._keep(time_index, volume)

    def volume(self, time_index: int, progress: Progress = silent) -> Volume:
        """Read a volume, if it is not in memory.

        Args:
            time_index: Which, from 0.
            progress: Called before each slice.

        Raises:
            InputError: There is no such volume.
            MedsegError: It can't be read, or changed since the folder was looked through.
        """
        require_index(time_index, self.count)
        with self._lock:
            volume = self._kept.pop(time_index, None)
            if volume is None:
                volume = self._read(time_index, progress)
            self._keep(time_index, volume)
        return volume

    def name_of(self, time_index: int) -> str:
        """Which volume it is, for people: ``3 of 10 · time 2.4 s``."""
        place = place_on(self.axis, self.values[time_index])
        return f"{time_index + 1} of {self.count}{f' · {place}' if place else ''}"

    def _keep(self, time_index: int, volume: Volume) -> None:
        self._kept[time_index] = volume
        while len(self._kept) > 1 and sum(v.voxels.nbytes for v in self._kept.values()) > KEPT_BYTES:
            self._kept.popitem(last=False)
