"""Comments on a case, pinned to a place in the patient."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import replace

from medseg.errors import StudyError, TransitionError
from medseg.provenance.canonical_json import canonical_json
from medseg.study.ledger import LedgerAction
from medseg.study.records import Comment, Read
from medseg.workflows.study.acting import Act, acting
from medseg.workflows.study.opened import Study
from medseg.workflows.study.signing_in import SignedIn
from medseg.workflows.study.view_revision import chosen_revision
from medseg.workflows.study.visibility import visible_comments

MAX_TEXT = 4000
"""Characters of a comment."""

MAX_STRUCTURE = 200
"""Characters of the id of a structure."""


def add_comment(
    study: Study,
    who: SignedIn,
    case_id: str,
    text: str,
    *,
    structure: str | None = None,
    at_lps_mm: Sequence[float] | None = None,
    revision: str | None = None,
) -> Comment:
    """Say something about a case.

    The text stays in the database: no ledger, file or export repeats it, because people write names into
    comments.

    Args:
        study: The study.
        who: Who says it.
        case_id: The case.
        text: What.
        structure: Id of the structure that it is about.
        at_lps_mm: Where, in patient mm, LPS.
        revision: Digest of the revision that it is about; by default the one that would be looked at.

    Raises:
        StudyError: The text is empty or far too long, or the place is none.
        UnknownCaseError: There is no such case or revision.
        BlindError: It is about another reader's work before all have submitted.
    """
    with acting(study, who, case_id, "comment") as act:
        case = act.t.case(case_id)
        has_any = revision is not None or any(read.head for read in _seen(act, case_id))
        about = chosen_revision(act.t, case, act.person, revision) if has_any else None
        comment = act.t.add_comment(
            Comment(
                id=0,
                case_id=case_id,
                revision=None if about is None else about.digest,
                structure=_structure(structure),
                at_lps_mm=_place(at_lps_mm),
                text=_text(text),
                author=act.person.id,
                created=act.at,
            )
        )
        act.log(
            LedgerAction.COMMENTED,
            revision=comment.revision,
            details={"comment": comment.id, "sha256": comment_sha256(comment)},
        )
        return comment


def resolve_comment(study: Study, who: SignedIn, comment_id: int) -> Comment:
    """Call a comment resolved.

    Raises:
        UnknownCaseError: There is no such comment.
        TransitionError: It is resolved already.
        BlindError: It is another reader's, and not all have submitted.
    """
    with study.store.reading() as r:
        case_id = r.comment(comment_id).case_id
    with acting(study, who, case_id, "resolve a comment") as act:
        case = act.t.case(case_id)
        comment = next(
            (one for one in visible_comments(act.t, case, act.person) if one.id == comment_id), None
        )
        if comment is None or not comment.is_open:
            raise TransitionError(
                f"comment {comment_id} is resolved already, or not yours to see", rule="order"
            )
        comment = replace(comment, resolved_by=act.person.id, resolved_at=act.at)
        act.t.put_comment(comment)
        act.log(LedgerAction.COMMENT_RESOLVED, details={"comment": comment_id})
        return comment


def list_comments(
    study: Study, who: SignedIn, case_id: str, *, open_only: bool = False
) -> tuple[Comment, ...]:
    """The comments on a case that somebody may see, in order.

    Raises:
        UnknownCaseError: There is no such case.
    """
    with study.store.reading() as r:
        found = visible_comments(r, r.case(case_id), who.person)
    return tuple(comment for comment in found if comment.is_open or not open_only)


def comment_sha256(comment: Comment) -> str:
    """What the ledger holds of a comment: the digest of what it says, about which structure and place."""
    place = None if comment.at_lps_mm is None else list(comment.at_lps_mm)
    said = {"text": comment.text, "structure": comment.structure, "at_lps_mm": place}
    return hashlib.sha256(canonical_json(said)).hexdigest()


def _seen(act: Act, case_id: str) -> list[Read]:
    case = act.t.case(case_id)
    return [
        read for read in act.t.reads(case_id) if read.reader == act.person.id or read.number == case.leading
    ]


def _text(text: str) -> str:
    text = text.strip()
    if not text or len(text) > MAX_TEXT or not all(letter.isprintable() or letter == "\n" for letter in text):
        raise StudyError(
            f"expected a comment of 1 to {MAX_TEXT} printable characters, got {len(text)}", reason="comment"
        )
    return text


def _structure(structure: str | None) -> str | None:
    if structure is not None and not (structure.isprintable() and 0 < len(structure) <= MAX_STRUCTURE):
        raise StudyError(f"expected the id of a structure, got {structure[:80]!a}", reason="structure-name")
    return structure


def _place(at_lps_mm: Sequence[float] | None) -> tuple[float, float, float] | None:
    if at_lps_mm is None:
        return None
    place = tuple(float(value) for value in at_lps_mm)
    if len(place) != 3 or not all(map(math.isfinite, place)):
        raise StudyError(f"expected a place of three numbers in mm (LPS), got {list(place)}", reason="place")
    return place
