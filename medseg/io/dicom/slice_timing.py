"""When each slice of a volume was acquired, for volumes whose slices are acquired one after another.

Makers differ in where they tell, and some don't: https://github.com/rordenlab/dcm2niix has notes on each.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from medseg.io.dicom import ge_private
from medseg.io.dicom.clock import DAY_S
from medseg.io.dicom.elements import Elements
from medseg.io.dicom.header import ImageHeader, elements_of
from medseg.io.dicom.siemens_csa import image_values

Slices = Sequence[ImageHeader]
Volumes = Sequence[Slices]

_SLACK = 0.01
"""Times span less than the repetition time; rounded to 2.5 ms, they may by so much of it seem longer."""

_MS_PER_S = 1000.0
_GE_TIMER_UNITS_S = (1.0, 1e-4)
"""The units of GE's timer, by software version; the right one makes the slices fill the repetition time."""

_MIN_FILLED = 0.3
"""Slices fill at least this part of the repetition time: less is sparse scanning, or another unit."""


def slice_times_s(elements: Elements, volumes: Volumes) -> tuple[float, ...] | None:
    """Seconds from the first acquired slice to each, in the order of ``k``.

    Args:
        elements: Of the first image.
        volumes: The images ``[t][k]``.

    Returns:
        None where the header doesn't tell, or where slices are no time apart (3-D acquisitions).
    """
    first = volumes[0]
    repetition_ms = first[0].dimensions.repetition_time_ms
    is_stack_of_slices = first[0].dimensions.is_echo_planar and elements.text("MRAcquisitionType") != "3D"
    if not is_stack_of_slices or not repetition_ms or len(first) < 2:
        return None
    maker = elements.text("Manufacturer").upper()
    repetition_s = repetition_ms / _MS_PER_S
    for read in next((readers for name, readers in _READERS.items() if maker.startswith(name)), ()):
        times_s = _relative(read(elements, volumes, repetition_s), len(first), repetition_s)
        if times_s is not None:
            return times_s
    return None


def _relative(times_s: Sequence[float] | None, slices: int, repetition_s: float) -> tuple[float, ...] | None:
    """Times from the earliest on; None if they can't be those of one volume."""
    if times_s is None or len(times_s) != slices or not all(map(math.isfinite, times_s)):
        return None
    start_s, end_s = min(times_s), max(times_s)
    if not 0 < end_s - start_s < repetition_s * (1 + _SLACK):
        return None
    return tuple(round(time_s - start_s, 6) for time_s in times_s)


def _of_mosaic(elements: Elements, volumes: Volumes, repetition_s: float) -> list[float] | None:
    """MosaicRefAcqTimes: one a tile, in ms or, of some software, in s."""
    tiles = [header.tile for header in volumes[0]]
    texts = elements.texts("SiemensSliceTimes") or image_values(elements).get("MosaicRefAcqTimes", ())
    try:
        times = [float(text) for text in texts[: len(tiles)]]
    except ValueError:
        return None
    if None in tiles or len(times) != len(tiles):
        return None
    in_order = sorted(range(len(tiles)), key=lambda k: tiles[k] or (0, 0))
    unit_s = 1.0 if max(times) - min(times) < repetition_s * (1 + _SLACK) else 1 / _MS_PER_S
    by_k = dict(zip(in_order, times, strict=True))
    return [by_k[k] * unit_s for k in range(len(tiles))]


def _of_acquisition(_: Elements, volumes: Volumes, repetition_s: float) -> list[float] | None:
    """FrameAcquisitionDateTime or AcquisitionTime of each image; on either side of midnight, perhaps."""
    times_s = [header.dimensions.acquired_at_s for header in volumes[0]]
    known_s = [time_s for time_s in times_s if time_s is not None]
    if volumes[0][0].tile is not None or len(known_s) != len(times_s):
        return None
    if max(known_s) - min(known_s) > DAY_S / 2 > repetition_s:
        return [time_s + DAY_S if time_s < DAY_S / 2 else time_s for time_s in known_s]
    return known_s


def _of_trigger(_: Elements, volumes: Volumes, repetition_s: float) -> list[float] | None:
    """TriggerTime: of GE's ``epi`` it runs on through the series."""
    times_ms = [header.dimensions.trigger_time_ms for header in _settled(volumes)]
    known_ms = [time_ms for time_ms in times_ms if time_ms is not None]
    filled_s = (max(known_ms) - min(known_ms)) / _MS_PER_S if known_ms else 0.0
    if len(known_ms) != len(times_ms) or filled_s < _MIN_FILLED * repetition_s:
        return None
    return [time_ms / _MS_PER_S for time_ms in known_ms]


def _of_timer(elements: Elements, volumes: Volumes, repetition_s: float) -> list[float] | None:
    """GE's RTIA timer, which is no part of the headers that were kept: the files are read again."""
    slices = _settled(volumes)
    if not elements.text("GeTimer"):
        return None
    texts = [elements_of(header.path, header.frame).text("GeTimer") for header in slices]
    try:
        times = [float(text) for text in texts]
    except ValueError:
        return None
    span = max(times) - min(times)
    for unit_s in _GE_TIMER_UNITS_S:
        if _MIN_FILLED * repetition_s < span * unit_s < repetition_s * (1 + _SLACK):
            return [time * unit_s for time in times]
    return None


def _of_protocol(elements: Elements, volumes: Volumes, repetition_s: float) -> list[float] | None:
    """GE's protocol says whether slices follow each other or every second one does; they fill the time."""
    slices = volumes[0]
    order = ge_private.protocol(elements).get("SLICEORDER")
    planned = elements.text("GeSlicesPerVolume")
    is_diffusion = any(volume[0].dimensions.b_value for volume in volumes)
    is_simple = elements.text("GeMultiband") in ("", "0", "1") and not is_diffusion
    numbers = [header.dimensions.instance_number for header in slices]
    if order not in ("0", "1") or planned != str(len(slices)) or not is_simple or None in numbers:
        return None
    by_instance = sorted(range(len(slices)), key=lambda k: numbers[k] or 0)
    acquired = [*by_instance[::2], *by_instance[1::2]] if order == "1" else by_instance
    times_s = {k: place * repetition_s / len(slices) for place, k in enumerate(acquired)}
    return [times_s[k] for k in range(len(slices))]


def _settled(volumes: Volumes) -> Slices:
    """The second volume: GE's times of the first are wrong on some software."""
    return volumes[1] if len(volumes) > 1 else volumes[0]


Reader = Callable[[Elements, Volumes, float], "list[float] | None"]

_READERS: dict[str, tuple[Reader, ...]] = {
    "SIEMENS": (_of_mosaic, _of_acquisition),
    "GE ": (_of_trigger, _of_timer, _of_protocol),
    "UIH": (_of_acquisition,),
    "UNITED IMAGING": (_of_acquisition,),
}
"""What to try in this order, by how Manufacturer begins. Philips, Canon and Hitachi don't tell."""
