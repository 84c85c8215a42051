"""4-D NIfTI images ↔ VolumeSeries."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from medseg.io.nifti.extension import FOREIGN, is_about_other_voxels
from medseg.io.nifti.file import read_nifti
from medseg.io.nifti.header import Header
from medseg.io.nifti.image import grid_and_warnings, source_of
from medseg.io.nifti.values import count_not_finite, real_values
from medseg.io.nifti.write import RegularTimes, write_voxels
from medseg.progress import Progress, silent
from medseg.volume import Quantity, SeriesAxis, VolumeSeries

REGULAR_TIME_S = 1e-3
"""Times that lie this close to equal steps are written as such: DICOM's times of acquisition and trigger
times are not better than a millisecond."""

_TIME_BITS = 0b111000
_SECONDS_PER_UNIT = {8: 1.0, 16: 1e-3, 24: 1e-6}
"""Second, millisecond and microsecond, by their codes in nifti1.h."""

_OTHER_UNITS = {32: "Hz", 40: "ppm", 48: "rad/s"}


def read_series(path: Path, quantity: Quantity = Quantity.ARBITRARY) -> VolumeSeries:
    """Read a NIfTI image of one or several volumes.

    The fourth axis is time where the header gives a step and a unit of time, else an index. NIfTI has no
    place for echo times and b-values: a sidecar may hold them.

    Args:
        path: A ``.nii`` or ``.nii.gz`` file.
        quantity: What its numbers measure; NIfTI does not say.

    Raises:
        UnreadableFileError: Damaged, truncated or not NIfTI.
        NotOneVolumeError: Five dimensions or more, or less than three.
        UnsupportedImageError: Colour, complex, or without any orientation.
        GeometryError: A header whose matrix can't be a grid.
    """
    file = read_nifti(path, series=True)
    grid, warnings = grid_and_warnings(file)
    voxels = real_values(file.stored, file.scaling)
    axis, values, about_axis = _fourth_axis(file.header, len(voxels))
    if count := count_not_finite(voxels):
        warnings.append(f"{count} voxels are not finite numbers")
    if is_about_other_voxels(file.header, file.native):
        warnings.append(f"{FOREIGN}.")
    return VolumeSeries.from_array(
        grid,
        voxels,
        axis=axis,
        values=values,
        quantity=quantity,
        sources=source_of(file),
        warnings=(*warnings, *about_axis),
    )


def write_series(
    series: VolumeSeries,
    path: Path,
    *,
    overwrite: bool = False,
    durable: bool = True,
    threads: int | None = None,
    progress: Progress = silent,
) -> str:
    """Write a series as one 4-D NIfTI file; see :func:`~medseg.io.nifti.write.write_voxels`.

    Times at equal steps are written in seconds. Any other axis, and times that are not regular, NIfTI
    can't hold: ``pixdim[4]`` is then 1 without a unit, and the values belong in a sidecar.

    Returns:
        SHA-256 of the bytes of the file, in hexadecimal.

    Raises:
        OutputExistsError: The file exists and ``overwrite`` is not set.
        OutputError: It can't be written.
        GeometryError: NIfTI-1 can't hold the grid or so many volumes.
        UnsupportedImageError: NIfTI has no such type of number.
    """
    return write_voxels(
        series.voxels_tkji,
        series.grid,
        path,
        times=regular_times(series),
        overwrite=overwrite,
        durable=durable,
        threads=threads,
        progress=progress,
    )


def regular_times(series: VolumeSeries) -> RegularTimes | None:
    """The equal steps of a series in time; None where there are none."""
    if series.axis is not SeriesAxis.TIME or len(series) < 2:
        return None
    start, *_, last = series.values
    step = (last - start) / (len(series) - 1)
    regular = start + step * np.arange(len(series))
    if step <= 0 or np.abs(np.array(series.values) - regular).max() > REGULAR_TIME_S:
        return None
    return RegularTimes(start, step)


def _fourth_axis(header: Header, count: int) -> tuple[SeriesAxis, list[float], list[str]]:
    index = [float(t) for t in range(count)]
    if count == 1:
        return SeriesAxis.INDEX, index, []
    unit = header.whole("xyzt_units") & _TIME_BITS
    step, start = header.numbers("pixdim")[4], header.number("toffset")
    if unit in _SECONDS_PER_UNIT and step > 0 and math.isfinite(step) and math.isfinite(start):
        scale = _SECONDS_PER_UNIT[unit]
        return SeriesAxis.TIME, [(start + step * t) * scale for t in range(count)], []
    return SeriesAxis.INDEX, index, [_why_no_time(unit, step, start)]


def _why_no_time(unit: int, step: float, start: float) -> str:
    if unit == 0:
        return "the header names no unit of time; the volumes are counted from 0"
    if unit in _SECONDS_PER_UNIT:
        return (
            f"pixdim[4] is {step:g} and toffset {start:g}, no regular times; the volumes are counted from 0"
        )
    named = _OTHER_UNITS.get(unit, f"the unknown unit {unit}")
    return f"the fourth axis is in {named}, not time; the volumes are counted from 0"
