"""Tally: how far a conversion has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Tally:
    """What is done of what there is to do.

    Attributes:
        volumes: Finished and all volumes; so for source files and for their bytes.
    """

    volumes: tuple[int, int]
    files: tuple[int, int]
    source_bytes: tuple[int, int]


class Watch(Protocol):
    """Called whenever a volume is finished. To cancel, raise :class:`medseg.errors.Cancelled` from it."""

    def __call__(self, tally: Tally) -> None:
        """Report how far it has come."""


def unwatched(tally: Tally) -> None:
    """Report nothing."""
