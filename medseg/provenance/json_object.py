"""Take fields out of a JSON object that somebody else may have written."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from medseg.errors import SidecarError

_T = TypeVar("_T")

_HEX = re.compile(r"(?:[0-9a-f]{2})*")


class JsonObject:
    """A JSON object with exactly the fields that are expected.

    Args:
        value: What the JSON held.
        what: Names the object in messages.
        fields: Its fields, all of them and no other.

    Raises:
        SidecarError: It is no object, or its fields are others.
    """

    def __init__(self, value: Any, what: str, *fields: str) -> None:
        if not isinstance(value, dict):
            raise SidecarError(f"{what}: expected an object, got {type(value).__name__}")
        if value.keys() != set(fields):
            expected, got = ", ".join(sorted(fields)), ", ".join(sorted(map(ascii, value)))
            raise SidecarError(f"{what}: expected the fields {expected}, got {got[:200]}")
        self._value = value
        self._what = what

    def text(self, field: str) -> str:
        """A string."""
        return self._typed(field, str)

    def optional_text(self, field: str) -> str | None:
        """A string or null."""
        return None if self._value[field] is None else self.text(field)

    def integer(self, field: str) -> int:
        """An integer."""
        value = self._typed(field, int)
        if isinstance(value, bool):
            raise SidecarError(f"{self._what}: expected an integer as {field}, got {value}")
        return value

    def hexadecimal(self, field: str, *, length: int | None = None) -> str:
        """Bytes as lower-case hexadecimal digits, of a length in bytes."""
        value = self.text(field)
        if not _HEX.fullmatch(value) or length not in (None, len(value) // 2):
            size = "" if length is None else f"{length} "
            raise SidecarError(f"{self._what}: expected {size}bytes in hexadecimal as {field}")
        return value

    def sha256(self, field: str) -> str:
        """A SHA-256 in hexadecimal."""
        return self.hexadecimal(field, length=32)

    def optional_sha256(self, field: str) -> str | None:
        """A SHA-256 in hexadecimal, or null."""
        return None if self._value[field] is None else self.sha256(field)

    def time(self, field: str) -> datetime:
        """An ISO 8601 time with its zone."""
        value = self.text(field)
        try:
            time = datetime.fromisoformat(value)
        except ValueError:
            time = None
        if time is None or time.tzinfo is None:
            raise SidecarError(f"{self._what}: expected a time with its zone as {field}, got {value[:40]!a}")
        return time

    def optional_time(self, field: str) -> datetime | None:
        """An ISO 8601 time with its zone, or null."""
        return None if self._value[field] is None else self.time(field)

    def word(self, field: str, words: Callable[[str], _T]) -> _T:
        """One of the words of an enumeration."""
        value = self.text(field)
        try:
            return words(value)
        except ValueError:
            raise SidecarError(f"{self._what}: {value[:40]!a} is not known as {field}") from None

    def list(self, field: str) -> list[Any]:
        """A list."""
        return self._typed(field, list)

    def texts(self, field: str) -> tuple[str, ...]:
        """A list of strings."""
        values = self.list(field)
        if not all(isinstance(value, str) for value in values):
            raise SidecarError(f"{self._what}: expected a list of strings as {field}")
        return tuple(values)

    def value(self, field: str) -> Any:
        """Whatever is there."""
        return self._value[field]

    def _typed(self, field: str, kind: type[_T]) -> _T:
        value = self._value[field]
        if not isinstance(value, kind):
            raise SidecarError(
                f"{self._what}: expected {kind.__name__} as {field}, got {type(value).__name__}"
            )
        return value
