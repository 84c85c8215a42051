"""The name of a label map in a BIDS dataset."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from medseg.errors import InputError
from medseg.io.label_map_files import LabelMapFiles

KEPT = ("ses", "acq", "ce", "rec", "run", "echo", "part", "chunk", "seg", "desc")
"""The entities that BIDS allows in the name of an anatomical segmentation, in its order, besides the subject;
those that would oblige to further metadata (``space``, ``res``, ``den``) are left out."""

_LABEL = re.compile(r"[A-Za-z0-9]{1,64}")
_NAME = re.compile(r"sub-[A-Za-z0-9]+(?P<entities>(?:_[a-z]+-[A-Za-z0-9]+)*)_dseg")

DIGITS = 12
"""Of a digest, to tell label maps of one image apart."""


@dataclass(frozen=True)
class BidsName:
    """A name such as ``sub-01_ses-2_desc-ada_dseg``.

    Attributes:
        subject: Label of the subject.
        entities: Further entities, by key.
        suffix: ``.nii.gz`` or ``.nii``.
    """

    subject: str
    entities: dict[str, str] = field(default_factory=dict)
    suffix: str = ".nii.gz"

    @classmethod
    def of(cls, files: LabelMapFiles, subject: str | None) -> BidsName:
        """The name of a label map: its own entities where its file has a BIDS name.

        The subject never comes from the file's name: people name files after patients.

        Raises:
            InputError: There is no subject, or it is no BIDS label.
        """
        if subject is None:
            raise InputError(
                "nothing says what the dataset is to call the patient",
                hint="name it with --subject, as a pseudonym of letters and digits",
                reason="no-subject",
            )
        if not _LABEL.fullmatch(subject):
            raise InputError(
                f"expected a subject of up to 64 letters and digits, got {subject[:80]!a}",
                hint="BIDS allows no other characters in a label",
                reason="subject-label",
            )
        named = _NAME.fullmatch(files.stem)
        pairs = (pair.split("-", 1) for pair in (named["entities"] if named else "").split("_")[1:])
        kept = {key: value for key, value in pairs if key in KEPT}
        return cls(subject, kept, files.nifti.name.removeprefix(files.stem))

    @property
    def path(self) -> PurePosixPath:
        """Where the label map lies in the dataset."""
        folders = [f"sub-{self.subject}"]
        if "ses" in self.entities:
            folders.append(f"ses-{self.entities['ses']}")
        entities = [f"{key}-{self.entities[key]}" for key in KEPT if key in self.entities]
        stem = "_".join([f"sub-{self.subject}", *entities, "dseg"])
        return PurePosixPath(*folders, "anat", f"{stem}{self.suffix}")

    def described_by(self, digest: str) -> BidsName:
        """The name with a digest in its description, behind what it says already."""
        described = f"{self.entities.get('desc', '')}{digest[:DIGITS]}"
        return replace(self, entities={**self.entities, "desc": described})
