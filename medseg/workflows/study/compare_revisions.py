"""Compare two revisions of a case: what changed, by how much, and where."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medseg.io.difference_picture import write_difference_picture
from medseg.io.nifti.image import read_image
from medseg.io.nifti.label_map import read_label_map
from medseg.measurement import LabelMapDifference, difference_between
from medseg.study.records import Revision
from medseg.workflows.study.opened import Study
from medseg.workflows.study.signing_in import SignedIn
from medseg.workflows.study.view_revision import view_revision
from medseg.workflows.study.visibility import is_veiled, numbers_of, revision_named, visible_revisions


@dataclass(frozen=True)
class RevisionDifference:
    """How two revisions differ.

    Attributes:
        case_id: The case.
        first: One revision.
        second: The other one.
        numbers: Of both, as who compares sees them.
        difference: Structures and grid.
        files: Endings of the files that differ, such as ``_contours.json``: revisions of the same voxels may
            differ in contours or in the record of how they were made.
    """

    case_id: str
    first: Revision
    second: Revision
    numbers: tuple[int, int]
    difference: LabelMapDifference
    files: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The difference as a JSON object."""
        return {
            "case": self.case_id,
            "first": {"revision": self.numbers[0], "digest": self.first.digest},
            "second": {"revision": self.numbers[1], "digest": self.second.digest},
            "files": list(self.files),
            **self.difference.as_dict(),
        }


def compare_revisions(
    study: Study, who: SignedIn, case_id: str, first: str, second: str, *, picture: Path | None = None
) -> RevisionDifference:
    """Compare two revisions of a case, in numbers and as a picture.

    Each of them is looked at (:func:`~medseg.workflows.study.view_revision.view_revision`): it is found
    unchanged, must be one that may be seen, and the look is written down.

    Args:
        study: The study.
        who: Who looks.
        case_id: The case.
        first: Number of a revision, or its digest or the first eight digits or more of that.
        second: Likewise.
        picture: A PNG to write, with the slices that differ most.

    Raises:
        UnknownCaseError: There is no such case or revision.
        BlindError: One is another reader's, and not all have submitted.
        DamagedStudyError: One is not what was saved.
        OutputExistsError: The picture is there already.
        OutputError: The picture can't be written.
    """
    with study.store.reading() as r:
        case = r.case(case_id)
        one, two = (revision_named(r, case, said, who.person) for said in (first, second))
        shown = numbers_of(visible_revisions(r, case, who.person), veiled=is_veiled(case, r.reads(case_id)))
    numbers = shown.get(one.digest, one.number), shown.get(two.digest, two.number)
    before, after = (
        read_label_map(view_revision(study, who, case_id, revision.digest).nifti) for revision in (one, two)
    )
    difference = difference_between(before, after)
    if picture is not None:
        write_difference_picture(
            read_image(study.folder.absolute(case.image)),
            before,
            after,
            difference,
            picture,
            title=f"{case_id}: revision {numbers[0]} and revision {numbers[1]}",
            names=(f"revision {numbers[0]}", f"revision {numbers[1]}"),
        )
    return RevisionDifference(case_id, one, two, numbers, difference, _files(one, two))


def _files(one: Revision, two: Revision) -> tuple[str, ...]:
    """What differs, by the part of the name that says what a file holds."""
    names = sorted(one.files.keys() | two.files.keys())
    stem = f"{one.case_id}_dseg"
    return tuple(name.removeprefix(stem) for name in names if one.files.get(name) != two.files.get(name))
