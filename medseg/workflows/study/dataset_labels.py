"""The image and the labels of one case of a training set."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from medseg.io.datalist import BACKGROUND, DatasetFiles, write_training_label
from medseg.io.file_digest import file_sha256
from medseg.io.nifti.grid import read_grid
from medseg.io.nifti.label_map import read_label_map
from medseg.io.shear import shear_warnings
from medseg.labelmap import Structure
from medseg.labelmap.relabelling import LabelTable, name_key, relabelled
from medseg.study.records import Case
from medseg.workflows.study.dataset_case import SignedCase, copy_file
from medseg.workflows.study.dataset_left_out import ABOUT_ONE_CASE, LeftOut, NotTakenError, left_out
from medseg.workflows.study.opened import Study


class Missing(StrEnum):
    """What becomes of a case that has no structure of a name in the table, and was not asked for it.

    Nobody may have looked for it: taken for background, it would teach that there is none.
    """

    LEAVE_OUT = "leave-out"
    BACKGROUND = "background"


@dataclass(frozen=True)
class DatasetCase:
    """A case of the training set.

    Attributes:
        signed: The case and what was signed.
        files: Where its files lie.
        label_sha256: Digest of the file of labels.
        merged: For each name of a structure that the table does not have, what its voxels became.
        warnings: What who trains should know, one sentence each.
    """

    signed: SignedCase
    files: DatasetFiles
    label_sha256: str
    merged: dict[str, str]
    warnings: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The case as a JSON object."""
        return {
            "case": self.signed.case.id,
            "split": self.files.split.value,
            "state": self.signed.state.value,
            "revision": self.signed.revision.number,
            "content_digest": self.signed.revision.digest,
            "merged": self.merged,
            "warnings": list(self.warnings),
        }


def write_case(
    study: Study, files: DatasetFiles, signed: SignedCase, table: LabelTable, missing: Missing
) -> DatasetCase | LeftOut:
    """Write the image and the labels of a case.

    Args:
        study: The study.
        files: Where they lie in the training set; what was signed is there already.
        signed: The case.
        table: Which structure gets which label.
        missing: What becomes of a case without one of them.

    Returns:
        The case; or why it is left out, with nothing of it in the folder.

    Raises:
        OutputError: It can't be written.
    """
    try:
        return _written(study, files, signed, table, missing)
    except ABOUT_ONE_CASE as problem:
        shutil.rmtree(files.signed.nifti.parent, ignore_errors=True)
        for path in (files.image, files.label, files.label_origin):
            path.unlink(missing_ok=True)
        return left_out(signed.case, problem)


def _written(
    study: Study, files: DatasetFiles, signed: SignedCase, table: LabelTable, missing: Missing
) -> DatasetCase:
    case = signed.case
    absent = signed.not_looked_for(table)
    if absent and missing is Missing.LEAVE_OUT:
        raise NotTakenError(
            "structure-missing", f"it has no {', '.join(absent)}, and nobody was asked to look for it"
        )
    _copy_image(study, case, files.image)
    label_map = read_label_map(files.signed.nifti)
    grid = read_grid(files.image)
    label_map.grid.require_same_as(grid, "label map and image")
    labels = table.labels_for(label_map.structures)
    origin = {
        "case": case.id,
        "derived_from": {
            "file": files.signed.nifti.relative_to(files.folder).as_posix(),
            "content_digest": signed.revision.digest,
            "revision": signed.revision.number,
            "state": signed.state.value,
            "statements": list(signed.statements),
        },
        "image_sha256": case.image_sha256,
        "labels": [
            {"structure": s.id, "name": s.name, "layer": s.layer, "from": s.label, "to": labels[s.id]}
            for s in label_map.structures
        ],
    }
    digest = write_training_label(files, relabelled(label_map, labels), grid, origin)
    return DatasetCase(
        signed, files, digest, _merged(label_map.structures, labels, table), shear_warnings(grid)
    )


def _copy_image(study: Study, case: Case, target: Path) -> None:
    copy_file(study.folder.absolute(case.image), target)
    if file_sha256(target) != case.image_sha256:
        raise NotTakenError("damaged", "its image was changed outside of medseg")


def _merged(structures: Sequence[Structure], labels: dict[str, int], table: LabelTable) -> dict[str, str]:
    names = {label: name for name, label in table.labels.items()}
    known = set(map(name_key, table.names))
    return {s.name: names.get(labels[s.id], BACKGROUND) for s in structures if name_key(s.name) not in known}
