"""What the reader of docs/circle.md does by hand: correct drafts, with what the window's tools do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from medseg.contour import Contour, Origin, Slice, smooth, trace_slice
from medseg.labelmap import LabelMap
from medseg.volume import Volume
from medseg.workflows.delineate import Delineation, Placements, label_map_of, opened, with_contours_on
from medseg.workflows.open_image import open_image
from medseg.workflows.open_label_map import open_label_map
from medseg.workflows.save import save_label_map

READER = "Ada Annotator"

TUMOUR = "tumour"

GOOD_ENOUGH = 0.85
"""Dice of a slice on which she leaves the proposal as it is."""

SMOOTHING_MM = 1.0
"""A hand draws no staircases."""


def correct(*numbers: str) -> None:
    """Correct the drafts of some patients in the current folder."""
    for number in numbers:
        case = f"case-00{number}"
        volume = open_image(Path("tumours", "images", case, f"{case}.nii.gz"))
        truth = open_label_map(Path("patients", f"0{number}", "truth_dseg.nii.gz")).label_map
        _correct(Path("drafts", f"{case}.nii.gz"), volume, truth)


def overlap(a: npt.NDArray[np.bool_], b: npt.NDArray[np.bool_]) -> float:
    """Dice; two that are empty agree."""
    both = int(a.sum() + b.sum())
    return 2 * int((a & b).sum()) / both if both else 1.0


def _correct(draft: Path, volume: Volume, truth: LabelMap) -> None:
    saved = open_label_map(draft)
    assert saved.record is not None
    now = opened(saved.label_map, saved.contours, saved.record.completed, saved.record.models)
    now = _drawn_anew(now, saved.label_map, truth)
    save_label_map(
        draft,
        label_map_of(now, volume.grid),
        grid=volume.grid,
        source=volume.source,
        contours=now.contours,
        author=READER,
        models=now.models,
        overwrite=True,
    )


def _drawn_anew(now: Delineation, proposed: LabelMap, truth: LabelMap) -> Delineation:
    """The outline drawn where it is wrong, and deleted where there is no tumour."""
    grid = proposed.grid
    placements = Placements(grid)
    for k, (wanted, is_there) in enumerate(zip(truth.mask(TUMOUR), proposed.mask(TUMOUR), strict=True)):
        if overlap(wanted, is_there) >= GOOD_ENOUGH:
            continue
        where = Slice(0, k)
        outline = trace_slice(wanted, grid, where, TUMOUR, Origin.DRAWN)
        drawn: tuple[Contour, ...] = smooth(outline, SMOOTHING_MM) if outline else ()
        now = with_contours_on(now, TUMOUR, where, drawn, placements)
    return now
