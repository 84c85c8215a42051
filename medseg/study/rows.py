"""Records as rows of the database, and back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import RowMapping

from medseg.errors import DamagedStudyError
from medseg.review.states import State
from medseg.study.records import (
    Case,
    CaseUncertainty,
    Comment,
    Ranking,
    Read,
    Revision,
    StoredStatement,
)


def row_of_case(case: Case, updated: datetime) -> dict[str, Any]:
    """A case as a row."""
    return {
        "id": case.id,
        "state": case.state.value,
        "image": case.image,
        "image_sha256": case.image_sha256,
        "structures": json.dumps(case.structures, ensure_ascii=False),
        "reads": case.reads,
        "adjudicator": case.adjudicator,
        "due": case.due,
        "leading": case.leading,
        "in_force": case.in_force,
        "version": case.version,
        "updated": updated.isoformat(),
    }


def case_of(row: Sequence[Any]) -> Case:
    """A row as a case; its columns in the order of the table, since a worklist has thousands of them."""
    (
        case_id,
        state,
        image,
        image_sha256,
        structures,
        reads,
        adjudicator,
        due,
        leading,
        in_force,
        version,
        *_,
    ) = row
    return Case(
        case_id,
        _state(state),
        image,
        image_sha256,
        _names(structures),
        reads,
        adjudicator,
        due,
        leading,
        in_force,
        version,
    )


@lru_cache(maxsize=1024)
def _names(structures: str) -> tuple[str, ...]:
    """Names of structures; most cases of a study want the same ones."""
    return tuple(_parsed(structures))


def row_of_read(read: Read) -> dict[str, Any]:
    """A read as a row."""
    return {
        "case_id": read.case_id,
        "number": read.number,
        "reader": read.reader,
        "state": read.state.value,
        "head": read.head,
        "base": read.base,
        "amendment": read.amendment,
    }


def read_of(row: RowMapping) -> Read:
    """A row as a read."""
    return Read(
        row["case_id"],
        row["number"],
        row["reader"],
        _state(row["state"]),
        row["head"],
        row["base"],
        row["amendment"],
    )


def row_of_revision(revision: Revision) -> dict[str, Any]:
    """A revision as a row."""
    return {
        "case_id": revision.case_id,
        "digest": revision.digest,
        "number": revision.number,
        "read": revision.read,
        "parent": revision.parent,
        "author": revision.author,
        "saved_at": revision.saved_at.isoformat(),
        "folder": revision.folder,
        "files": json.dumps(revision.files, sort_keys=True),
    }


def revision_of(row: RowMapping) -> Revision:
    """A row as a revision."""
    return Revision(
        case_id=row["case_id"],
        digest=row["digest"],
        number=row["number"],
        read=row["read"],
        parent=row["parent"],
        author=row["author"],
        saved_at=datetime.fromisoformat(row["saved_at"]),
        folder=row["folder"],
        files=_parsed(row["files"]),
    )


def row_of_statement(statement: StoredStatement) -> dict[str, Any]:
    """A statement as a row."""
    return {
        "sha256": statement.sha256,
        "case_id": statement.case_id,
        "digest": statement.digest,
        "line": statement.line,
        "meaning": statement.meaning,
        "person_id": statement.person_id,
        "signed_at": statement.signed_at.isoformat(),
    }


def statement_of(row: RowMapping) -> StoredStatement:
    """A row as a statement."""
    return StoredStatement(
        sha256=row["sha256"],
        case_id=row["case_id"],
        digest=row["digest"],
        line=bytes(row["line"]),
        meaning=row["meaning"],
        person_id=row["person_id"],
        signed_at=datetime.fromisoformat(row["signed_at"]),
    )


def row_of_comment(comment: Comment) -> dict[str, Any]:
    """A comment as a row, without its id."""
    x, y, z = comment.at_lps_mm or (None, None, None)
    return {
        "case_id": comment.case_id,
        "revision": comment.revision,
        "structure": comment.structure,
        "x_lps_mm": x,
        "y_lps_mm": y,
        "z_lps_mm": z,
        "text": comment.text,
        "author": comment.author,
        "created": comment.created.isoformat(),
        "resolved_by": comment.resolved_by,
        "resolved_at": comment.resolved_at and comment.resolved_at.isoformat(),
    }


def comment_of(row: RowMapping) -> Comment:
    """A row as a comment."""
    place = (row["x_lps_mm"], row["y_lps_mm"], row["z_lps_mm"])
    return Comment(
        id=row["id"],
        case_id=row["case_id"],
        revision=row["revision"],
        structure=row["structure"],
        at_lps_mm=None if None in place else place,
        text=row["text"],
        author=row["author"],
        created=datetime.fromisoformat(row["created"]),
        resolved_by=row["resolved_by"],
        resolved_at=row["resolved_at"] and datetime.fromisoformat(row["resolved_at"]),
    )


def row_of_ranking(ranking: Ranking) -> dict[str, Any]:
    """A ranking as a row, without its turn."""
    return asdict(ranking)


def ranking_of(row: RowMapping) -> Ranking:
    """A row as a ranking."""
    return Ranking(**{name: value for name, value in row.items() if name != "turn"})


def row_of_uncertainty(found: CaseUncertainty) -> dict[str, Any]:
    """A model's uncertainty as a row."""
    return {
        "ranking": found.ranking,
        "case_id": found.case_id,
        "image_sha256": found.image_sha256,
        "value": found.value,
        "structures": json.dumps(found.structures, ensure_ascii=False, sort_keys=True),
        "estimated": found.estimated.isoformat(),
    }


def uncertainty_of(row: RowMapping) -> CaseUncertainty:
    """A row as a model's uncertainty."""
    return CaseUncertainty(
        ranking=row["ranking"],
        case_id=row["case_id"],
        image_sha256=row["image_sha256"],
        value=row["value"],
        structures=tuple(_parsed(row["structures"])),
        estimated=datetime.fromisoformat(row["estimated"]),
    )


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise DamagedStudyError(f"the database holds what is no JSON: {text[:40]!a}") from None


def _state(value: str) -> State:
    try:
        return _STATES[value]
    except KeyError:
        raise DamagedStudyError(f"the database knows a state that does not exist: {value[:40]!a}") from None


_STATES = {state.value: state for state in State}
