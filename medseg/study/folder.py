"""The folder of a study: what lies where, and ``study.json``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medseg.errors import DamagedStudyError, SidecarError, UnknownCaseError
from medseg.io.atomic import write_whole
from medseg.io.bounded_file import read_bounded
from medseg.io.label_map_files import LabelMapFiles
from medseg.provenance.json_object import JsonObject

SCHEMA = "urn:medseg:study:1"

NAME = "study.json"

MAX_BYTES = 1 << 16

DIGITS = 16
"""Of a digest, in the name of a revision's folder: two of one case that share them won't be found."""


@dataclass(frozen=True)
class StudyFolder:
    """Where things lie in a study.

    Args:
        path: The folder.
    """

    path: Path

    @property
    def description(self) -> Path:
        """Id, time and database of the study."""
        return self.path / NAME

    @property
    def sqlite(self) -> Path:
        """The database, where it is not on a server."""
        return self.path / "study.sqlite"

    @property
    def trust(self) -> Path:
        """The trust folder."""
        return self.path / "trust"

    def image(self, case_id: str) -> Path:
        """The image of a case."""
        return self.path / "images" / case_id / f"{case_id}.nii.gz"

    def revision(self, case_id: str, digest: str) -> LabelMapFiles:
        """The files of a revision."""
        folder = self.path / "revisions" / case_id / digest[:DIGITS]
        return LabelMapFiles(folder / f"{case_id}_dseg.nii.gz")

    def work(self, case_id: str, person_id: str) -> LabelMapFiles:
        """Somebody's working copy."""
        return LabelMapFiles(self.path / "work" / case_id / person_id / f"{case_id}_dseg.nii.gz")

    def relative(self, path: Path) -> str:
        """A path in the folder, as the database has it."""
        return path.relative_to(self.path).as_posix()

    def absolute(self, relative: str) -> Path:
        """A path of the database in this folder.

        Raises:
            DamagedStudyError: It leads out of the folder.
        """
        path = Path(relative)
        if path.is_absolute() or ".." in path.parts:
            raise DamagedStudyError(f"the database names a path outside of the study: {relative[:200]!a}")
        return self.path / path


@dataclass(frozen=True)
class Description:
    """What ``study.json`` says.

    Attributes:
        id: Id of the study.
        created: When it was made, ISO 8601.
        database: URL of its PostgreSQL database, without a password; None for SQLite.
    """

    id: str
    created: str
    database: str | None

    def as_dict(self) -> dict[str, Any]:
        """The description as a JSON object."""
        return {"schema": SCHEMA, "id": self.id, "created": self.created, "database": self.database}


def write_description(folder: StudyFolder, description: Description) -> None:
    """Write ``study.json``."""
    write_whole(folder.description, json.dumps(description.as_dict(), indent=2).encode() + b"\n")


def read_description(folder: StudyFolder) -> Description:
    """Read ``study.json``.

    Raises:
        UnknownCaseError: There is no study in the folder.
        DamagedStudyError: It is damaged.
    """
    if not folder.description.is_file():
        raise UnknownCaseError(
            f"there is no study in {folder.path}",
            hint="name its folder with --study, or make one with: medseg study init",
            path=str(folder.path),
        )
    try:
        document = json.loads(read_bounded(folder.description, MAX_BYTES, SidecarError))
        return _description(document)
    except (ValueError, RecursionError, SidecarError) as error:
        raise DamagedStudyError(
            f"{NAME} is damaged: {error}", hint="restore it from a copy", path=str(folder.description)
        ) from error


def _description(document: Any) -> Description:
    fields = JsonObject(document, NAME, "schema", "id", "created", "database")
    if fields.text("schema") != SCHEMA:
        raise SidecarError(f"expected a study of schema {SCHEMA}")
    return Description(fields.text("id"), fields.text("created"), fields.optional_text("database"))
