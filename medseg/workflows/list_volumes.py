"""What a folder holds, for somebody who is to choose: every volume in a few words, and a slice of it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from medseg.errors import InputError, MedsegError, NotOneVolumeError, UnreadableFileError
from medseg.io.dicom.identity import identifying_texts
from medseg.io.dicom.options import AS_STORED
from medseg.io.dicom.plan import Outcome, VolumePlan
from medseg.io.dicom.read import read_planned
from medseg.io.dicom.summary import summarise
from medseg.io.existence import require_there
from medseg.io.pseudonyms import known_subject
from medseg.io.volume_summary import Status, VolumeSummary
from medseg.progress import Progress, silent
from medseg.space import Grid
from medseg.volume import SeriesAxis, Volume, VolumeSeries
from medseg.workflows.conversion.intake import take_in

__all__ = ["ListedVolume", "SeriesAxis", "Status", "list_volumes", "only_volume", "read_middle_slice"]


@dataclass(frozen=True, eq=False)
class ListedVolume:
    """A volume or 4-D series that can be opened, or images and other objects that can't.

    Attributes:
        summary: What it is, in a few words.
        description: What the series was called at the scanner. People choose by it; it may name the patient,
            so that it is for the screen alone and must not be written anywhere.
        series_number: Its number in the examination, if it has one.
        component: Magnitude, phase and the like, where the series holds several such volumes.
        plan: How it is read; None where it can't be.
        error: Why it can't be opened; None where it can.
    """

    summary: VolumeSummary
    description: str = ""
    series_number: int | None = None
    component: str = ""
    plan: VolumePlan | None = field(default=None, repr=False)
    error: MedsegError | None = None

    @property
    def grid(self) -> Grid | None:
        """Where its voxels lie."""
        return self.plan.grid if self.plan else None

    @property
    def count(self) -> int:
        """How many volumes it holds: more than one in a 4-D series."""
        return len(self.plan.volumes) if self.plan else 0

    def plan_of(self, time_index: int | None) -> VolumePlan:
        """The plan of one 3-D volume; see :func:`one_volume_of`.

        Raises:
            MedsegError: This can't be opened.
        """
        if self.plan is None:
            raise self.error or NotOneVolumeError("no volume", reason="no-such-volume")
        return one_volume_of(self.plan, time_index)


def list_volumes(path: Path | str, *, progress: Progress = silent) -> tuple[ListedVolume, ...]:
    """Look through a folder of DICOM files, or one such file, without reading a pixel.

    Args:
        path: The folder, searched to the bottom, or the file.
        progress: Told before each file.

    Returns:
        What can be opened in the order in which it was acquired, then what is refused, then what was never
        meant to be a volume.

    Raises:
        NoImagesError: No DICOM image in there.
        UnreadableFileError: Nothing at ``path``.
    """
    path = Path(path)
    require_there(path)
    intake = take_in([path], AS_STORED, progress=progress)
    by_series: defaultdict[str, list[Outcome]] = defaultdict(list)
    for outcome in intake.outcomes:
        by_series[outcome.series.id].append(outcome)
    found = [one for outcomes in by_series.values() for one in _listed(outcomes)]
    found += [_unreadable(entry.summary) for entry in intake.unreadable]
    return tuple(sorted(found, key=_order))


def only_volume(listed: tuple[ListedVolume, ...]) -> ListedVolume | None:
    """What a user must have meant, be it refused or a 4-D series; None where there are several.

    What is refused counts: nobody should take a part of a series for the whole.
    """
    meant = tuple(one for one in listed if one.summary.status is not Status.SKIPPED) or listed[:1]
    return meant[0] if len(meant) == 1 else None


def read_middle_slice(listed: ListedVolume, time_index: int = 0) -> Volume:
    """Read the middle slice of a volume as a volume of one slice, for a small picture.

    Args:
        listed: A volume or 4-D series that can be opened.
        time_index: Which volume of a series.

    Raises:
        UnreadableFileError: The slice can't be decoded.
        UnsupportedImageError: Its pixels contradict its header.
    """
    plan = listed.plan_of(time_index)
    middle = len(plan.headers) // 2
    k_of_grid = plan.grid.shape_kji[0] // 2
    one_slice = replace(
        plan,
        volumes=((plan.headers[middle],),),
        grid=_slice_of(plan.grid, k_of_grid),
        scales=plan.scales[middle : middle + 1],
        even=None,
        deshear=False,
        warnings=(),
    )
    return read_volume(one_slice)


def read_volume(plan: VolumePlan, progress: Progress = silent) -> Volume:
    """Read the volume of a plan that is no series."""
    volume = read_planned(plan, progress=progress)
    if isinstance(volume, VolumeSeries):
        raise TypeError(f"expected the plan of one volume, got {len(volume)}")
    return replace(volume, source=replace(volume.source, subject=known_subject(plan.headers[0])))


def one_volume_of(plan: VolumePlan, time_index: int | None) -> VolumePlan:
    """The plan of one 3-D volume: the others of its series need not be read.

    Args:
        plan: A volume, or a 4-D series.
        time_index: Which volume of a series, from 0 along whatever its axis is; None for a volume that is no
            series.

    Raises:
        NotOneVolumeError: It is a series, and nobody said which volume.
        InputError: There is no such volume.
    """
    count = len(plan.volumes)
    if time_index is not None:
        require_index(time_index, count)
    if plan.axis is None:
        return plan
    if time_index is None:
        raise NotOneVolumeError(
            f"expected one volume, found {count} along an axis of {plan.axis}",
            hint=f"choose one by its index, from 0 to {count - 1}, or convert the series",
            reason="4d",
        )
    headers = plan.volumes[time_index]
    first = time_index * len(headers)
    return replace(
        plan,
        volumes=(headers,),
        axis=None,
        axis_values=(),
        scales=plan.scales[first : first + len(headers)],
        warnings=(*plan.warnings, note_of_part(plan.axis, plan.axis_values, time_index)),
    )


def require_index(time_index: int, count: int) -> None:
    """Refuse the index of a volume that is not there.

    Raises:
        InputError: It is not from 0 to ``count - 1``.
    """
    if not 0 <= time_index < count:
        raise InputError(
            f"expected the index of a volume from 0 to {count - 1}, got {time_index}",
            reason="no-such-volume",
        )


def place_on(axis: SeriesAxis, value: float) -> str:
    """Where on its axis a volume of a series lies, for people; empty where nothing names the axis.

    >>> place_on(SeriesAxis.B_VALUE, 1000.0)
    'b-value 1000 s/mm²'
    """
    return "" if axis is SeriesAxis.INDEX else f"{axis} {value:.6g} {axis.unit}"


def note_of_part(axis: SeriesAxis, values: Sequence[float], time_index: int) -> str:
    """What a user of one volume of a series should know."""
    place = place_on(axis, values[time_index])
    return f"Volume {time_index + 1} of {len(values)} of a 4-D series{f': {place}' if place else ''}."


def _slice_of(grid: Grid, k: int) -> Grid:
    matrix = np.array(grid.index_to_lps_mm)
    matrix[:3, 3] = grid.to_lps_mm((k, 0, 0))
    return Grid((1, *grid.shape_kji[1:]), matrix, grid.frame_of_reference_uid)


def _listed(outcomes: Sequence[Outcome]) -> Iterator[ListedVolume]:
    """All that becomes of one series."""
    description, number = _name_of(outcomes[0].series.headers[0].path)
    components = [outcome.headers[0].dimensions.component for outcome in outcomes]
    differ = len(set(components)) > 1
    for outcome, component in zip(outcomes, components, strict=True):
        yield ListedVolume(
            summary=summarise(outcome),
            description=description,
            series_number=number,
            component=component if differ else "",
            plan=outcome if isinstance(outcome, VolumePlan) else None,
            error=None if isinstance(outcome, VolumePlan) else outcome.error,
        )


def _name_of(path: Path) -> tuple[str, int | None]:
    texts = identifying_texts(path)
    number = texts["SeriesNumber"]
    return texts["SeriesDescription"], int(number) if number.isdecimal() else None


def _unreadable(summary: VolumeSummary) -> ListedVolume:
    error = UnreadableFileError(
        summary.message,
        hint="it may be a slice of a series here; copy or export it again",
        reason=summary.reason,
    )
    return ListedVolume(summary, error=error)


_RANKS = {Status.CONVERTIBLE: 0, Status.REFUSED: 1, Status.SKIPPED: 2}


def _order(listed: ListedVolume) -> tuple[int, float]:
    number = listed.series_number
    return _RANKS[listed.summary.status], math.inf if number is None else number
