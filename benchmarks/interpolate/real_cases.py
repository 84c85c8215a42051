"""Which cases a run takes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from interpolate.cases import KINDS, Case, cases, is_enough
from interpolate.options import Options
from medseg.workflows.sample_data import sample_volume


def wanted_cases(options: Options, kinds: tuple[str, ...] = KINDS) -> list[Case]:
    """The real cases that the options choose; in a quick run a few structures of a small phantom."""
    if options.quick:
        found = phantom_cases()
    elif options.data is None:
        raise SystemExit("name the folder of real masks: --data or MEDSEG_REAL_DATA")
    else:
        found = cases(options.data, kinds)
    return [case for case in found if options.only in case.name]


def distinct(found: Iterable[Case]) -> list[Case]:
    """Each structure once: of a patient with an MR and a CT, whose masks are the same, only the MR."""
    found = list(found)
    names = {case.name for case in found}
    return [
        case
        for case in found
        if not (case.name.endswith("-CT") and case.name.removesuffix("CT") + "MR" in names)
    ]


def phantom_cases() -> list[Case]:
    """Organs of the small abdominal phantom, which show that the benchmark runs and nothing else."""
    volume, truth = sample_volume("abdomen", "small")
    image = volume.voxels.astype(np.float32)
    found: list[Case] = []
    for structure in truth.structures:
        mask, split = truth.mask_with_parts(structure.id), ("tune", "report")[len(found) % 2]
        name = f"phantom-{structure.id}"
        if is_enough(mask):
            found.append(Case(name, "organ", name, split, mask, volume.grid.spacing_kji_mm, image, "CT"))
    return found[:3]
