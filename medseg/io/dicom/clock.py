"""DICOM's dates and times → seconds on one clock.

A moment is a float: seconds since the day before 1 January of year 1, by the clock on the scanner's wall.
Nothing here knows of time zones but :func:`moment_s`, which brings times of another zone onto that clock.
"""

from __future__ import annotations

import re
from datetime import date

DAY_S = 86400.0

_TIME = re.compile(r"(\d\d)(?::?(\d\d)(?::?(\d\d)(\.\d*)?)?)?")
_DATE = re.compile(r"(\d{4})\.?(\d\d)\.?(\d\d)")
_MOMENT = re.compile(r"(\d{8})(\d\d[\d.]*)([+-]\d{4})?")
_OFFSET = re.compile(r"([+-])(\d\d)(\d\d)")


def time_of_day_s(text: str) -> float | None:
    """Seconds since midnight of a TM: ``HHMMSS.FFFFFF``, cut off anywhere, or with the colons of ACR-NEMA.

    Returns:
        None if it is absent or no time (PS3.5 6.2).
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None
    hour, minute, second = (int(part or 0) for part in found.groups()[:3])
    if hour > 23 or minute > 59 or second > 60:  # 60 is a leap second
        return None
    return 3600.0 * hour + 60.0 * minute + second + float(f"0{found[4] or '.0'}")


def day_number(text: str) -> int | None:
    """The day of a DA, ``YYYYMMDD`` or ``YYYY.MM.DD``, counted from 1 January of year 1; None if none."""
    found = _DATE.fullmatch(text.strip())
    if found is None:
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3])).toordinal()
    except ValueError:
        return None


def moment_s(text: str, utc_offset: str = "") -> float | None:
    """A DT, ``YYYYMMDDHHMMSS.FFFFFF&ZZXX``, as a moment on the scanner's clock.

    Args:
        text: At least the date and the hour.
        utc_offset: TimezoneOffsetFromUTC of the data set (PS3.3 C.12.1.1.8). Where it is absent an offset in
            ``text`` is passed over: it can't be said how far the scanner's clock is from it.

    Returns:
        None if it is absent or too imprecise.
    """
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        return None
    day, time_s = day_number(found[1]), time_of_day_s(found[2])
    if day is None or time_s is None:
        return None
    own, local = _offset_s(found[3] or ""), _offset_s(utc_offset)
    shift_s = local - own if own is not None and local is not None else 0.0
    return day * DAY_S + time_s + shift_s


def _offset_s(text: str) -> float | None:
    found = _OFFSET.fullmatch(text.strip())
    if found is None:
        return None
    return (3600.0 * int(found[2]) + 60.0 * int(found[3])) * (-1 if found[1] == "-" else 1)
