"""What can be wrong with an NRRD file."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from medseg.io import damage
from medseg.io.damage import Damage

__all__ = ["Damage", "damage_named"]

_PHRASES = {**damage.PHRASES, "not-nrrd": "is damaged or no NRRD file"}


def damage_named(path: Path) -> AbstractContextManager[None]:
    """Turn what is found in a damaged NRRD file into one clear error; see :mod:`medseg.io.damage`."""
    return damage.damage_named(path, _PHRASES, {})
