"""Text as DICOM's value representations take it (PS3.5 6.2)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

MAX_LONG, MAX_SHORT_TEXT = 64, 1024
"""Most characters of LO and of ST."""


def long_string(text: str) -> str:
    """Text for LO: 64 characters, in which a backslash would begin another value."""
    return _plain(text).replace("\\", "/")[:MAX_LONG].strip()


def short_text(text: str) -> str:
    """Text for ST: 1024 characters."""
    if len(text) > MAX_SHORT_TEXT:
        text = text[: MAX_SHORT_TEXT - 4].rstrip() + " ..."
    return _plain(text)


def person_name(name: str) -> str:
    """A printed name for PN.

    Nobody says which part of it is the family name, so that all of it goes there.
    """
    return _plain(name).translate(dict.fromkeys(map(ord, "\\^="), " "))[:MAX_LONG].strip()


def date_and_time(at: datetime | None, zone_of_series: str) -> tuple[str, str]:
    """A moment for DA and TM; empty where it is unknown.

    Args:
        at: The moment.
        zone_of_series: Timezone Offset From UTC (0008,0201) that holds for the whole object, such as
            ``+0130``; where there is none, the moment stays in its own zone.
    """
    if at is None:
        return "", ""
    if zone_of_series and at.tzinfo is not None:
        at = at.astimezone(_zone(zone_of_series))
    return at.strftime("%Y%m%d"), at.strftime("%H%M%S")


def is_zone(text: str) -> bool:
    """Whether text is a Timezone Offset From UTC."""
    return len(text) == 5 and text[0] in "+-" and text[1:].isdecimal() and int(text[1:3]) <= 14


def _zone(text: str) -> timezone:
    minutes = int(text[1:3]) * 60 + int(text[3:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def _plain(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
