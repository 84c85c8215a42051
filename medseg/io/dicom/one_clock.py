"""Times of a series on one clock, where some lack their date or the scan went on past midnight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from medseg.io.dicom.clock import DAY_S
from medseg.io.dicom.header import ImageHeader

_HALF_DAY_S = DAY_S / 2
_FIELDS = ("acquired_at_s", "content_at_s")


def on_one_clock(headers: Sequence[ImageHeader]) -> tuple[ImageHeader, ...]:
    """Bring the times of all images onto one clock.

    Where any image has a time without a date, the dates of the others are dropped, for they could not be
    compared. Times of one day, or of none, that span more than half a day went past midnight: those before
    the widest gap are of the next day.
    """
    for field in _FIELDS:
        times = [getattr(header.dimensions, field) for header in headers]
        known = [time for time in times if time is not None]
        days = {time // DAY_S for time in known}
        if 0.0 in days or (len(days) == 1 and max(known) - min(known) > _HALF_DAY_S):
            headers = _within_a_day(headers, field, times)
    return tuple(headers)


def _within_a_day(
    headers: Sequence[ImageHeader], field: str, times: Sequence[float | None]
) -> list[ImageHeader]:
    known = sorted({time % DAY_S for time in times if time is not None})
    border = known[0]
    if known[-1] - known[0] > _HALF_DAY_S:
        _, border = max((after - before, after) for before, after in pairwise(known))
    return [
        header
        if time is None
        else _at(header, field, time % DAY_S + (DAY_S if time % DAY_S < border else 0.0))
        for header, time in zip(headers, times, strict=True)
    ]


def _at(header: ImageHeader, field: str, time_s: float) -> ImageHeader:
    changed: dict[str, Any] = {field: time_s}
    return replace(header, dimensions=replace(header.dimensions, **changed))
