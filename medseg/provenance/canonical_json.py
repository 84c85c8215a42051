"""JSON with exactly one way to write each document (RFC 8785), for everything that is digested or signed."""

from __future__ import annotations

import json
from typing import Any

import rfc8785

from medseg.errors import SidecarError


def canonical_json(document: Any) -> bytes:
    """Write a document in the one form of RFC 8785.

    Raises:
        SidecarError: It holds something that this form can't: NaN, an infinite number, an integer beyond
            2^53, half of a surrogate pair, or too deep a nesting.
    """
    try:
        return rfc8785.dumps(document)
    except (rfc8785.CanonicalizationError, RecursionError) as error:
        raise SidecarError(f"the document has no canonical JSON form: {error}") from error


def read_canonical_json(data: bytes, what: str) -> Any:
    """Read a document that must stand in the form of RFC 8785, byte for byte.

    With one form only, a changed byte can't hide in white space, in an escape or in a repeated key.

    Args:
        data: The bytes.
        what: Names the document in the message.

    Raises:
        SidecarError: It is no JSON, or not in this form.
    """
    try:
        document = json.loads(data)
        canonical = rfc8785.dumps(document)
    except (ValueError, RecursionError) as error:
        raise SidecarError(f"{what} is damaged: expected JSON, but {_reason(error)}") from error
    if canonical != data:
        raise SidecarError(f"{what} is damaged: expected the canonical form of RFC 8785")
    return document


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    if isinstance(error, (json.JSONDecodeError, rfc8785.CanonicalizationError)):
        return ascii(str(error))[1:-1]
    # What remains is Python's limit on the digits of a number.
    return "it holds a number without end"
