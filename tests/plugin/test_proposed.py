"""What is only proposed is told, and told again to who saves."""

from __future__ import annotations

import numpy as np

from medseg.contour import Contour
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume
from medseg.workflows.delineate import LiveProposal, accepted
from napari_medseg.case import Case
from napari_medseg.panel.proposed import not_saved, open_proposals


def drawn_case() -> Case:
    grid = Grid.from_axes(
        (12, 40, 40), origin_lps_mm=(0, 0, 0), step_k_mm=(0, 0, 3), step_j_mm=(0, 1, 0), step_i_mm=(1, 0, 0)
    )
    voxels = np.zeros(grid.shape_kji, np.int16)
    case = Case(Volume(grid, voxels, Quantity.HU, Source("phantom")), "phantom")
    case.add_structure("Tumour")
    for k in (3, 8):
        square = np.array([(10, 10), (30, 10), (30, 30), (10, 30)])
        case.edit_contours("tumour", (), [Contour(grid.plane(0, k), square, "tumour")])
    return case


def test_what_is_only_proposed_is_told() -> None:
    case = drawn_case()
    proposal, _ = LiveProposal(case.volume.grid).update(case.delineation)
    assert open_proposals(case, proposal) == ("Tumour on 4 slices",)
    assert not_saved(case, proposal) == ("Only proposed, and not saved: Tumour on 4 slices.",)
    assert not_saved(case, None) == ()
    before = proposal
    case.edit("accept all", accepted(proposal))
    assert open_proposals(case, before) == (), "an outdated proposal says nothing"
    proposal, _ = LiveProposal(case.volume.grid).update(case.delineation)
    assert not_saved(case, proposal) == ()
