"""What can be wrong with a NIfTI file."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from medseg.io import damage
from medseg.io.damage import Damage

__all__ = ["Damage", "damage_named"]

_PHRASES = {
    **damage.PHRASES,
    "not-nifti": "is damaged or no NIfTI file",
    "name-mismatch": "has the wrong name",
    "two-files": "is half of an image",
}

_HINTS = {
    "name-mismatch": "rename it: .nii.gz where it is compressed, .nii where it is not",
    "two-files": "convert the pair *.hdr and *.img to one *.nii file",
}


def damage_named(path: Path) -> AbstractContextManager[None]:
    """Turn what is found in a damaged NIfTI file into one clear error; see :mod:`medseg.io.damage`."""
    return damage.damage_named(path, _PHRASES, _HINTS)
