"""A real MR, read blind by two, decided about by a third, approved and released: all in the window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medseg.review.states import State
from medseg.workflows import study as use
from study_cases import CASE

pytestmark = pytest.mark.gui

FOLDER = "sarcoma_pet_ct_mr/dicom/STS_001/MR_T1/image"

CORNERS_DEG = (10, 80, 150, 230, 300)

RADIUS_MM = {"ada": 25.0, "abe": 18.0}
"""Of what each reader draws."""


def test_double_blind_read_of_a_real_case(real_data: Path, window: Any, viewer: Any, mouse: Any) -> None:
    window.image = real_data / FOLDER
    window.add("ada", "abe", reads=2, adjudicator="carl", structures=["Tumour"])
    for person in ("ada", "abe"):
        window.enter(person)
        window.open()
        assert window.case.result is None, "nothing of another reader is there"
        assert window.dock.outlines.layers == []
        _draw(window, viewer, mouse, RADIUS_MM[person])
        window.save()
        window.sign("read")
    assert window.site.case().state is State.ADJUDICATION
    of_ada, of_abe = window.site.revisions()

    window.enter("carl")
    window.open()
    larger, smaller = (np.count_nonzero(np.asarray(one.data)) for one in window.dock.outlines.layers)
    assert larger > smaller > 0
    window.sign("adjudicated", digest=of_ada.digest, reason="the rim belongs to it")
    window.enter("ben")
    window.open()
    window.sign("approved")
    window.enter("dora")
    window.open()
    window.sign("released")

    assert window.site.case().in_force == of_ada.digest
    found = window.site.verify(of_ada)
    assert [one.meaning.value for one in found.signatures] == ["read", "adjudicated", "approved", "released"]
    assert found.verdict.value == "valid"
    assert window.site.verify(of_abe).state is State.ADJUDICATION
    assert use.show_case(window.site.study, CASE).case.state is State.RELEASED
    window.site.require_sound()


def _draw(window: Any, viewer: Any, mouse: Any, radius_mm: float) -> None:
    """An irregular pentagon on three slices, completed between them."""
    grid = window.case.volume.grid
    step_mm = viewer.layers[0].scale
    middle_mm = (np.array(grid.shape_kji) - 1) / 2 * step_mm
    k = grid.shape_kji[0] // 2
    angles = np.deg2rad(CORNERS_DEG)
    for number, position in enumerate((k - 4, k, k + 4)):
        size = radius_mm * (1 - 0.1 * number)
        viewer.dims.set_current_step(0, position)
        if not window.panel.contours.draw.isChecked():
            window.panel.contours.draw.click()
        down, across = middle_mm[1] + size * np.sin(angles), middle_mm[2] + size * np.cos(angles)
        mouse.draw_polygon([(position * step_mm[0], y, x) for y, x in zip(down, across, strict=True)])
    window.panel.contours.interpolate.click()
    window.wait()
