"""Whether an edit changed anything: what didn't is no step of undo."""

from __future__ import annotations

from collections.abc import Sequence

from medseg.contour import Contour


def are_same(first: Sequence[Contour], second: Sequence[Contour]) -> bool:
    """Whether every contour is the one that it was, in its place."""
    return len(first) == len(second) and all(a is b for a, b in zip(first, second, strict=True))
