"""Draw here next on what a model proposed: the map beside the label map, or one brought in, decides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medseg.contour import ContourSet
from medseg.errors import GridMismatchError
from medseg.io.nifti.write import write_voxels
from medseg.labelmap import LabelMap, Structure
from medseg.space import Grid
from medseg.workflows.doubt_map import map_beside
from medseg.workflows.save import save_label_map
from napari_medseg.case import Case
from napari_medseg.completing import can_suggest
from napari_medseg.opening import open_case

pytestmark = pytest.mark.gui

TUMOUR = Structure("tumour", "Tumour", 1)


def bits_map(grid: Grid, *slices: int) -> Any:
    """A map with doubt on these slices, the first most."""
    bits = np.zeros(grid.shape_kji, np.float32)
    for n, k in enumerate(slices):
        bits[k, 5 : 15 - n, 5:15] = 1
    return bits


@pytest.fixture
def proposed(panel: Any, volume_of: Any, nifti_of: Any, tmp_path: Path) -> Any:
    """A panel with a case whose label map a model made."""
    volume = volume_of()
    voxels = np.zeros(volume.grid.shape_kji, np.uint8)
    voxels[2:9, 5:15, 5:15] = 1
    label_map = tmp_path / "image_dseg.nii.gz"
    save_label_map(
        label_map,
        LabelMap(volume.grid, (voxels,), (TUMOUR,)),
        grid=volume.grid,
        source=volume.source,
        contours=ContourSet(),
        author="Ada",
    )
    panel.show_case(open_case([nifti_of(volume, tmp_path / "image.nii.gz"), label_map]))
    return panel


def test_the_map_beside_the_label_map_says_where_to_correct_it_next(
    proposed: Any, wait: Any, viewer: Any, tmp_path: Path
) -> None:
    case: Case = proposed.case
    assert not can_suggest(case, "tumour"), "nothing says where"
    assert not proposed.contours.draw_next.isEnabled()
    write_voxels(bits_map(case.volume.grid, 6, 3), case.volume.grid, map_beside(case.path))
    proposed.show_case(case)
    assert proposed.contours.draw_next.isEnabled()
    proposed.contours.draw_next.click()
    wait(proposed)
    assert viewer.dims.current_step[viewer.dims.order[0]] == 6
    assert "would tell most, as the model is least sure there" in proposed.messages.text


def test_a_map_that_is_dropped_counts_and_one_of_another_image_is_refused(
    proposed: Any, wait: Any, viewer: Any, tmp_path: Path
) -> None:
    case: Case = proposed.case
    grid = case.volume.grid
    other = Grid((4, 5, 6), grid.index_to_lps_mm)
    write_voxels(np.zeros((4, 5, 6), np.float32), other, tmp_path / "other_uncertainty.nii.gz")
    with pytest.raises(GridMismatchError):
        viewer.open(tmp_path / "other_uncertainty.nii.gz", plugin="medseg")
    assert case.doubt_map is None
    elsewhere = tmp_path / "elsewhere_uncertainty.nii.gz"
    write_voxels(bits_map(grid, 3, 7), grid, elsewhere)
    assert viewer.open(elsewhere, plugin="medseg") == []
    proposed.contours.draw_next.click()
    wait(proposed)
    assert viewer.dims.current_step[viewer.dims.order[0]] == 3
