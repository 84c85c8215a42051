"""Take values of one type out of JSON; whoever reads a document turns the errors into its own."""

from __future__ import annotations

from datetime import datetime
from typing import Any


def texts(value: Any) -> tuple[str, ...]:
    """A list of strings.

    Raises:
        TypeError: It is something else.
    """
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise TypeError(f"expected a list of texts, got {str(value)[:80]!a}")
    return tuple(value)


def optional_text(value: Any) -> str | None:
    """A string or nothing.

    Raises:
        TypeError: It is something else.
    """
    if value is not None and not isinstance(value, str):
        raise TypeError(f"expected a text, got {str(value)[:80]!a}")
    return value


def scalars(value: Any) -> dict[str, str | int | float | bool]:
    """An object of plain values.

    Raises:
        TypeError: It is something else.
    """
    if not isinstance(value, dict) or not all(
        isinstance(one, (str, int, float, bool)) for one in value.values()
    ):
        raise TypeError(f"expected an object of plain values, got {str(value)[:80]!a}")
    return dict(value)


def zoned_time(value: Any) -> datetime:
    """An ISO 8601 time with its zone.

    Raises:
        TypeError, ValueError: It is something else.
    """
    time = datetime.fromisoformat(value)
    if time.tzinfo is None:
        raise ValueError(f"expected a time with its zone, got {value}")
    return time
