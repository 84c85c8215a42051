"""The segmenters that a reader can ask: those that are installed, and MONAI bundles from disk."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from medseg.assist.bundle import opened_bundle
from medseg.assist.bundle.segmenter import BundleSegmenter
from medseg.assist.proposing import WORDS
from medseg.assist.registry import Unusable, usable
from medseg.assist.segmenter import (
    Hint,
    Hints,
    Parameter,
    Point,
    PointLps,
    Proposal,
    Segmenter,
    Sphere,
    Value,
)
from medseg.labelmap import Structure

__all__ = [
    "Hint",
    "OpenBundle",
    "Parameter",
    "Point",
    "PointLps",
    "Proposal",
    "Segmenter",
    "Sphere",
    "Unusable",
    "Value",
    "missing_hints",
    "usable",
]


def missing_hints(
    segmenter: Segmenter, points: tuple[Point, ...], sphere: Sphere | None, *, drawn: bool
) -> tuple[str, ...]:
    """What a segmenter still needs before it can begin, in words.

    Args:
        segmenter: Which.
        points: Clicks.
        sphere: A ball.
        drawn: Whether the structure has something drawn, which is a seed or a rough delineation.
    """
    hints = Hints(points, sphere)
    there = {hint for hint in Hint if hints.has(hint)}
    if drawn:
        there |= {Hint.ROUGH, *([Hint.POINTS] if Hint.BACKGROUND in segmenter.needs else [])}
    return tuple(WORDS[hint] for hint in Hint if hint in segmenter.needs and hint not in there)


class OpenBundle:
    """A MONAI bundle that stays ready, in a process of its own, until it is closed.

    Nothing of the bundle runs before it is asked the first time.

    Args:
        path: A folder, or a zip of one.

    Attributes:
        path: The same.
        segmenter: To be asked.

    Raises:
        InputError: It is no bundle, or is not to be trusted.
        UnreadableFileError: A file of it is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open = ExitStack()
        bundle = self._open.enter_context(opened_bundle(path))
        self.segmenter = self._open.enter_context(BundleSegmenter(bundle))

    @property
    def structures(self) -> tuple[Structure, ...]:
        """What it can find, as its metadata say."""
        return self.segmenter.structures

    def close(self) -> None:
        """End its process, whatever it is doing."""
        self._open.close()
