"""Landmarks by the ending of a file's name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from medseg.errors import InputError
from medseg.io.landmarks.content import ReadLandmarks
from medseg.io.landmarks.fcsv import read_fcsv
from medseg.io.landmarks.markups import read_markups, write_markups
from medseg.io.landmarks.table import read_table, write_table
from medseg.space.landmark import Landmark

_READERS = {".mrk.json": read_markups, ".csv": read_table, ".fcsv": read_fcsv}
_WRITERS = {".mrk.json": write_markups, ".csv": write_table}


def write_landmarks(landmarks: Sequence[Landmark], path: Path, *, overwrite: bool = False) -> None:
    """Write landmarks in LPS mm.

    Args:
        landmarks: In the order in which they are listed.
        path: ``*.mrk.json`` for Slicer's markups, ``*.csv`` for a table.
        overwrite: Whether a file that is there is replaced.

    Raises:
        InputError: The name has another ending.
        OutputExistsError, OutputError: It can't be written.
    """
    _WRITERS[_ending(path, tuple(_WRITERS))](landmarks, path, overwrite=overwrite)


def read_landmarks(path: Path) -> ReadLandmarks:
    """Read landmarks from ``*.mrk.json``, ``*.csv`` or ``*.fcsv``, whichever frame they count in.

    Raises:
        InputError: The name has another ending.
        UnreadableFileError: Not there, damaged, or in no frame that is known.
    """
    return _READERS[_ending(path, tuple(_READERS))](path)


def _ending(path: Path, endings: tuple[str, ...]) -> str:
    for ending in endings:
        if path.name.lower().endswith(ending):
            return ending
    raise InputError(f"expected landmarks named *{', *'.join(endings)}, got {path.name}", reason="format")
