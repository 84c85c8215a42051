"""What a study holds: cases, reads, revisions, statements and comments, as data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from medseg.errors import StudyError
from medseg.review.states import State

_CASE_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Case:
    """One image, and what is to be contoured on it.

    Args:
        id: 1 to 64 of ``a-z``, ``0-9``, ``.``, ``_`` and ``-``; never made from a file name or from DICOM,
            which may name the patient.
        state: Where it stands.
        image: Path of the image, relative to the study's folder, with ``/``.
        image_sha256: Digest of that file.
        structures: Names of the structures wanted; empty where that is up to the reader.
        reads: How many readers contour it; blind to each other where there are several.
        adjudicator: Id of who is to decide between blind reads; None for any radiologist who read none.
        due: Until when.
        leading: Number of the read that counts; None before adjudication.
        in_force: Digest of the revision whose approval counts now.
        version: Number of the last ledger entry that changed it.

    Raises:
        StudyError: The id is not of this form.
    """

    id: str
    state: State
    image: str
    image_sha256: str
    structures: tuple[str, ...] = ()
    reads: int = 1
    adjudicator: str | None = None
    due: date | None = None
    leading: int | None = None
    in_force: str | None = None
    version: int = 0

    def __post_init__(self) -> None:
        if not _CASE_ID.fullmatch(self.id) or ".." in self.id:
            raise StudyError(
                f"a case's id must be 1 to 64 of a-z, 0-9, '.', '_' and '-', got {self.id[:80]!a}",
                hint="leave --id away to have the cases counted",
                reason="case-id",
            )

    @property
    def is_blind(self) -> bool:
        """Whether several readers contour it, none of whom sees the others."""
        return self.reads > 1


@dataclass(frozen=True)
class Read:
    """One reader's work on a case.

    Args:
        case_id: The case.
        number: From 1; that of an adjudicator who draws himself is one more than there are reads.
        reader: Id of the reader; None where nobody is assigned yet.
        state: Where it stands.
        head: Digest of its latest revision; None before the first.
        base: Digest of the decided revision that is amended; None where none is.
        amendment: SHA-256 of the statement that opened the amendment.
    """

    case_id: str
    number: int
    reader: str | None
    state: State
    head: str | None = None
    base: str | None = None
    amendment: str | None = None

    @property
    def is_opened(self) -> bool:
        """Whether it was opened for amending, and nothing was saved since."""
        return self.base is not None and self.head == self.base and not self.state.is_locked


@dataclass(frozen=True)
class Revision:
    """A label map as somebody saved it; it is never changed.

    Args:
        case_id: The case.
        digest: Content digest.
        number: From 1, over all reads of the case.
        read: Number of the read that it belongs to.
        parent: Digest of the revision before it.
        author: Id of who saved it.
        saved_at: When, with zone.
        folder: Its folder, relative to the study's, with ``/``.
        files: SHA-256 of each of its files by name, without the bundle of statements.
    """

    case_id: str
    digest: str
    number: int
    read: int
    parent: str | None
    author: str
    saved_at: datetime
    folder: str
    files: dict[str, str]


@dataclass(frozen=True)
class StoredStatement:
    """A signed statement.

    Args:
        sha256: Digest of its line.
        case_id: The case.
        digest: Content digest of what it is about.
        line: The envelope, without an end of line.
        meaning: What it means.
        person_id: Who signed.
        signed_at: When, as claimed.
    """

    sha256: str
    case_id: str
    digest: str
    line: bytes
    meaning: str
    person_id: str
    signed_at: datetime


@dataclass(frozen=True)
class Comment:
    """A remark on a case, at a place.

    Args:
        id: Number, over the whole study.
        case_id: The case.
        revision: Digest of the revision that was looked at; None before the first.
        structure: Id of the structure that it is about; None for the whole.
        at_lps_mm: Place in patient mm, LPS; None for no place.
        text: What was said. The ledger holds its digest only.
        author: Id of who said it.
        created: When.
        resolved_by: Id of who called it resolved; None while it is open.
        resolved_at: When.
    """

    id: int
    case_id: str
    revision: str | None
    structure: str | None
    at_lps_mm: tuple[float, float, float] | None
    text: str
    author: str
    created: datetime
    resolved_by: str | None = None
    resolved_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether nobody has called it resolved."""
        return self.resolved_by is None


@dataclass(frozen=True)
class Ranking:
    """A model that cases are ranked by, and how it is asked: values of another one are no match for its own.

    Args:
        number: From 1, over the whole study.
        bundle_sha256: Digest of all files of the bundle that are used.
        bundle_name: As its metadata say.
        bundle_version: As its metadata say.
        samples: How many label maps of a case are compared.
        seed: What the perturbations are drawn by.
        mirrored: Whether some of the cases were mirrored.
    """

    number: int
    bundle_sha256: str
    bundle_name: str
    bundle_version: str
    samples: int
    seed: int
    mirrored: bool


@dataclass(frozen=True)
class CaseUncertainty:
    """How unsure a model is of a case.

    Args:
        ranking: Number of the ranking.
        case_id: The case.
        image_sha256: Digest of the image that it was asked about.
        value: 0 to 1; None where it found none of what is wanted in any sample.
        structures: The numbers of each structure, as JSON objects.
        estimated: When, with zone.
    """

    ranking: int
    case_id: str
    image_sha256: str
    value: float | None
    structures: tuple[dict[str, Any], ...]
    estimated: datetime
