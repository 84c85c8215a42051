"""Cases that are approved, for the tests of training sets."""

from __future__ import annotations

import numpy as np

from medseg.contour import ContourSet
from medseg.labelmap import LabelMap, Structure
from medseg.space import Grid
from medseg.study.records import Revision
from medseg.workflows import study as use
from medseg.workflows.open_image import open_image
from medseg.workflows.save import save_label_map
from study_cases import StudySite, label_map_of


def approved(
    site: StudySite, case_id: str, *, label_map: LabelMap | None = None, approver: str = "ben", **more
) -> Revision:
    """A case that Ada drew and a radiologist approved; ``more`` is for the case that is added."""
    site.add(case_id, **more)
    site.assign("ada", case_id=case_id)
    copy = use.check_out(site.study, site.who("ada"), case_id)
    image = open_image(copy.image)
    given = label_map or label_map_of(image.grid)
    save_label_map(
        copy.files.nifti,
        LabelMap(image.grid, given.layers, given.structures),
        grid=image.grid,
        source=image.source,
        contours=ContourSet(),
        author="Ada Annotator",
        overwrite=True,
    )
    revision = use.save_revision(site.study, site.who("ada"), case_id, copy.files.nifti)
    site.step("ada", "submitted", case_id=case_id)
    site.step(approver, "approved", case_id=case_id)
    return revision


def renumbered(grid: Grid) -> LabelMap:
    """The phantom at size 2 with other labels, ids and spellings."""
    voxels = label_map_of(grid, size=2).layers[0]
    new = np.where(voxels == 1, 9, np.where(voxels == 2, 5, 0)).astype(np.uint8)
    structures = (Structure("liver-2", "liver", 9), Structure("lesion", "TUMOUR", 5, part_of="liver-2"))
    return LabelMap(grid, (new,), structures)
