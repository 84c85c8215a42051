"""What the fourth axis of a stack is, and where on it each volume lies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from medseg.io.dicom.header import ImageHeader
from medseg.io.dicom.stacks import Stack
from medseg.io.dicom.undeclared import INSTANCE_ORDER
from medseg.volume import SeriesAxis

Headers = Sequence[ImageHeader]

UNNAMED = "Nothing in the headers names what tells the volumes of this series apart: they are counted."


def axis_of(stack: Stack) -> tuple[SeriesAxis | None, tuple[float, ...], tuple[str, ...]]:
    """Name the axis of a stack.

    Returns:
        The axis (None for one volume), a value for each volume in the unit of the axis, and what a user
        should know about them.
    """
    volumes = stack.volumes
    if len(volumes) == 1:
        return None, (), ()
    for axis, read in _AXES.get(stack.told_apart_by, _TIMES):
        values = read(volumes)
        if values:
            return axis, values, _holes(stack)
    return SeriesAxis.INDEX, tuple(map(float, range(len(volumes)))), (_remark(stack), *_holes(stack))


def _holes(stack: Stack) -> tuple[str, ...]:
    """A word about time points whose numbers are missing."""
    positions = {volume[0].dimensions.temporal_position for volume in stack.volumes}
    if stack.told_apart_by != "temporal position" or None in positions:
        return ()
    known = {position for position in positions if position is not None}
    absent = max(known) - min(known) + 1 - len(known)
    return (f"Time points are missing between the others: {absent}.",) if absent else ()


def _remark(stack: Stack) -> str:
    if stack.told_apart_by == INSTANCE_ORDER:
        return UNNAMED
    values = _SHOWN.get(stack.told_apart_by)
    shown = ""
    if values is not None:
        read, unit = values
        shown = f" ({', '.join(f'{read(volume[0]):g}' for volume in stack.volumes)} {unit})"
    return f"The volumes of this series are told apart by their {stack.told_apart_by}{shown} and counted."


_SHOWN: dict[str, tuple[Callable[[ImageHeader], float], str]] = {
    "inversion time": (lambda header: header.dimensions.inversion_time_ms or 0.0, "ms"),
    "flip angle": (lambda header: header.dimensions.flip_angle_deg or 0.0, "degrees"),
}


def _b_values(volumes: Sequence[Headers]) -> tuple[float, ...]:
    """One b-value a volume, if any volume is weighted at all; a volume that names none is not."""
    values = tuple(_middle(volume, lambda header: header.dimensions.b_value) or 0.0 for volume in volumes)
    return values if any(values) else ()


def _echo_times_ms(volumes: Sequence[Headers]) -> tuple[float, ...]:
    """One echo time a volume, each longer than the one before."""
    values = tuple(
        _middle(volume, lambda header: header.dimensions.echo_time_ms) or 0.0 for volume in volumes
    )
    return values if all(values) and _rises(values) else ()


def _middle(volume: Headers, read: Callable[[ImageHeader], float | None]) -> float | None:
    """The middle one of the values of a volume's slices, which may be rounded differently."""
    values = sorted(value for value in map(read, volume) if value is not None)
    return values[len(values) // 2] if values else None


def _time_offsets_s(volumes: Sequence[Headers]) -> tuple[float, ...]:
    return _earliest(volumes, lambda header: header.dimensions.time_offset_s)


def _trigger_times_s(volumes: Sequence[Headers]) -> tuple[float, ...]:
    milliseconds = _earliest(volumes, lambda header: header.dimensions.trigger_time_ms)
    return tuple(value / 1000 for value in milliseconds)


def _acquired_s(volumes: Sequence[Headers]) -> tuple[float, ...]:
    """Seconds since the first volume: the time of day itself may identify."""
    times = _earliest(volumes, lambda header: header.dimensions.acquired_at_s)
    return tuple(round(time - times[0], 6) for time in times)


def _repetition_times_s(volumes: Sequence[Headers]) -> tuple[float, ...]:
    """Echo-planar volumes follow each other by the repetition time: all slices are scanned within one.

    Only of images as they were scanned, and all in the same way: maps and steps of a parameter are no times.
    """
    first = volumes[0][0].dimensions
    headers = [header for volume in volumes for header in volume]
    ways = {(header.image_type, header.dimensions.inversion_time_ms) for header in headers}
    is_as_scanned = len(ways) == 1 and "ORIGINAL" in volumes[0][0].image_type[:1]
    if not is_as_scanned or not first.is_echo_planar or not first.repetition_time_ms:
        return ()
    step_s = first.repetition_time_ms / 1000
    positions = [volume[0].dimensions.temporal_position for volume in volumes]
    numbers = [position - (positions[0] or 0) for position in positions if position is not None]
    if len(numbers) < len(volumes) or not _rises(numbers):
        numbers = list(range(len(volumes)))
    return tuple(round(number * step_s, 6) for number in numbers)


def _earliest(volumes: Sequence[Headers], read: Callable[[ImageHeader], float | None]) -> tuple[float, ...]:
    """The earliest value of each volume, if all have one and each is later than the one before."""
    found = [[read(header) for header in volume] for volume in volumes]
    if any(value is None for values in found for value in values):
        return ()
    values = tuple(min(value for value in values if value is not None) for values in found)
    return values if _rises(values) else ()


def _rises(values: Sequence[float]) -> bool:
    return all(after > before for before, after in pairwise(values))


_Reader = tuple[SeriesAxis, Callable[[Sequence[Headers]], tuple[float, ...]]]

_TIMES: tuple[_Reader, ...] = (
    (SeriesAxis.B_VALUE, _b_values),
    (SeriesAxis.TIME, _time_offsets_s),
    (SeriesAxis.TIME, _acquired_s),
    (SeriesAxis.TIME, _repetition_times_s),
    (SeriesAxis.TIME, _trigger_times_s),
)
"""What may name the axis where something told the volumes apart that has no unit, the most telling first."""

_AXES: dict[str, tuple[_Reader, ...]] = {
    "echo": ((SeriesAxis.ECHO, _echo_times_ms),),
    "b-value": ((SeriesAxis.B_VALUE, _b_values),),
    "inversion time": (),
    "flip angle": (),
    "time offset": ((SeriesAxis.B_VALUE, _b_values), (SeriesAxis.TIME, _time_offsets_s)),
    "trigger time": ((SeriesAxis.B_VALUE, _b_values), (SeriesAxis.TIME, _trigger_times_s)),
}
"""What names the axis, by what told the volumes apart."""
