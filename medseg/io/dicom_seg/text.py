"""Text as DICOM's short texts and names can hold it."""

from __future__ import annotations

MAX_LONG_STRING = 64
"""Most characters of LO and of a group of PN (PS3.5 6.2)."""


def long_string(text: str) -> str:
    """The text as one value of type LO, in which a backslash would begin another value.

    >>> long_string(" GTV boost ")
    'GTV boost'
    """
    return text.replace("\\", "/").strip()[:MAX_LONG_STRING].strip()


def person_name(printed: str) -> str:
    """A printed name as PN: whole, for nobody knows which part of it is the family name.

    >>> person_name("Ada Reader")
    'Ada Reader'
    """
    for separator in "\\^=":
        printed = printed.replace(separator, " ")
    return " ".join(printed.split())[:MAX_LONG_STRING].strip()


def printed_name(value: str) -> str:
    """A PN as a name to print: prefix, given, middle, family name and suffix (PS3.5 6.2.1).

    >>> printed_name("Reader^Ada^^Dr")
    'Dr Ada Reader'
    """
    parts = value.split("=")[0].split("^")[:5]
    family, given, middle, prefix, suffix = parts + [""] * (5 - len(parts))
    return " ".join(" ".join((prefix, given, middle, family, suffix)).split())
