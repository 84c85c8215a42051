"""What ITK's interpolator makes of every case, recorded once: whoever has no ITK can compare all the same.

``results/interpolate_itk_mci.json`` holds three tables:

- ``parallel``: "case axis" → [Dice of the voxels not given, HD95 in mm of the whole] for each k of ``EVERY``;
- ``mixed``: "case" → the same for each of ``MIXED``;
- ``contours``: "case jitter" → the Dice of the whole with 2, 3, 4, … evenly spaced axial slices, both ends
  among them, until it reaches ``ENOUGH_DICE`` or every slice is given.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from interpolate.cases import EVERY, Case, evenly_spaced, given_slices, mixed_slices, slices_at
from interpolate.jitter import jittered
from interpolate.metrics import dice, dice_not_given, hd95_mm
from interpolate.options import RESULTS, Options
from interpolate.peer import ItkPeer
from interpolate.real_cases import distinct, wanted_cases
from medseg.contour import Slice

FILE = RESULTS / "interpolate_itk_mci.json"
ENOUGH_DICE = 0.95
JITTERS_MM = (0.0, 1.0)
MIXED = ((8, 0, 0), (8, 1, 1), (8, 3, 3), (12, 3, 3))
"""Step of the axial slices, numbers of sagittal and of coronal ones."""

Score = tuple[float, float]
"""Dice of the voxels not given and HD95 in mm of the whole."""


class Record:
    """The file as it is read, and as it grows."""

    def __init__(self, path: Path = FILE) -> None:
        self._path = path
        self._tables: dict[str, dict[str, list]] = {"parallel": {}, "mixed": {}, "contours": {}}
        self.made_with = ""
        if path.exists():
            stored = json.loads(path.read_text())
            self.made_with = stored.pop("made_with")
            self._tables = stored

    def parallel(self, case: Case, axis: int, every: int) -> Score | None:
        """With every k-th slice along an axis; None where nothing is recorded."""
        row = self._tables["parallel"].get(_along(case, axis))
        return tuple(row[EVERY.index(every)]) if row else None

    def mixed(self, case: Case, setting: tuple[int, int, int]) -> Score | None:
        """With slices along all axes."""
        row = self._tables["mixed"].get(case.name)
        return tuple(row[MIXED.index(setting)]) if row else None

    def contours_needed(self, case: Case, jitter_mm: float) -> int | None:
        """Slices that it took to reach ``ENOUGH_DICE``; None where all together don't."""
        reached = self._tables["contours"].get(f"{case.name} {jitter_mm:g}", [])
        return len(reached) + 1 if reached and reached[-1] >= ENOUGH_DICE else None

    def keep(self, table: str, key: str, make: Callable[[], list]) -> None:
        """Fill one row, unless it is there."""
        if key not in self._tables[table]:
            self._tables[table][key] = make()

    def save(self) -> None:
        """Write all, a row a line."""
        tables = [
            f'"{name}": {{\n'
            + ",\n".join(f"{json.dumps(key)}: {json.dumps(row)}" for key, row in sorted(rows.items()))
            + "\n}"
            for name, rows in self._tables.items()
        ]
        head = f'"made_with": {json.dumps(self.made_with)}'
        self._path.write_text("{\n" + ",\n".join([head, *tables]) + "\n}\n")


def _along(case: Case, axis: int) -> str:
    return f"{case.name} {'kji'[axis]}"


def record_all(cases: Iterable[Case], peer: ItkPeer, record: Record) -> None:
    """Run the peer on everything that the record lacks."""
    record.made_with = f"ITK {peer.version}, python benchmarks/interpolate record"
    for case in cases:
        for axis in range(3):
            record.keep("parallel", _along(case, axis), partial(_parallel, case, axis, peer))
        record.keep("mixed", case.name, partial(_mixed, case, peer))
        for jitter_mm in JITTERS_MM if case.kind == "sarcoma" else ():
            make = partial(_until_enough, case, jitter_mm, peer)
            record.keep("contours", f"{case.name} {jitter_mm:g}", make)
        record.save()


def _parallel(case: Case, axis: int, peer: ItkPeer) -> list[Score]:
    return [score(case, given_slices(case.truth, axis, every), peer) for every in EVERY]


def _mixed(case: Case, peer: ItkPeer) -> list[Score]:
    return [score(case, mixed_slices(case.truth, *setting), peer) for setting in MIXED]


def score(case: Case, drawn: Mapping[Slice, npt.NDArray[np.bool_]], peer: ItkPeer) -> Score:
    """Run the peer once and judge what it made."""
    found = peer.complete(drawn, case.truth.shape, case.spacing_kji_mm).mask
    return (
        round(dice_not_given(found, case.truth, drawn), 5),
        round(hd95_mm(found, case.truth, case.spacing_kji_mm), 2),
    )


def _until_enough(case: Case, jitter_mm: float, peer: ItkPeer) -> list[float]:
    reached: list[float] = []
    total = len(evenly_spaced(case.truth, 0, case.truth.shape[0]))
    while (not reached or reached[-1] < ENOUGH_DICE) and len(reached) + 2 <= total:
        drawn = slices_at(case.truth, 0, evenly_spaced(case.truth, 0, len(reached) + 2))
        drawn = jittered(drawn, case.grid, jitter_mm, case.name)
        found = peer.complete(drawn, case.truth.shape, case.spacing_kji_mm).mask
        reached.append(round(dice(found, case.truth), 5))
    return reached


def run(options: Options) -> str:
    """Record what is missing; to measure anew, delete the file before."""
    if options.quick:
        return "nothing is recorded of a quick run"
    record = Record()
    with ItkPeer(options.itk_python) as peer:
        record_all(distinct(wanted_cases(options)), peer, record)
    return f"recorded in {FILE.name}"
