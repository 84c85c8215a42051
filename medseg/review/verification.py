"""Is this what was signed, by whom, and where does it stand?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from medseg.provenance.content import Content
from medseg.provenance.differences import Difference, differences
from medseg.review.chain import Chain, SignedStep, future_warnings, replay
from medseg.review.roster import Roster
from medseg.review.states import Meaning, State


class Verdict(StrEnum):
    """The answer.

    ``content-matches``: voxels, grid, structures and sidecars are those that were signed, and only bytes
    that mean nothing differ: the compression, header extensions, the layout of the structure table.
    """

    VALID = "valid"
    CONTENT_MATCHES = "content-matches"
    INVALID = "invalid"
    UNSIGNED = "unsigned"


@dataclass(frozen=True)
class Signature:
    """A signature for people.

    Attributes:
        name: Printed name, from the roster.
        role: Role, from the roster.
        meaning: What it means.
        signed_at: When, as the signer's clock claims: no checkpoint confirms it yet.
        reason: Why; empty where none was given.
        person_id: Id on the roster.
        content_digest: Digest of what was signed.
    """

    name: str
    role: str
    meaning: Meaning
    signed_at: datetime
    reason: str
    person_id: str
    content_digest: str

    @classmethod
    def of(cls, step: SignedStep) -> Signature:
        """Show a step of the chain."""
        return cls(
            name=step.person.name,
            role=step.person.role.value,
            meaning=step.statement.meaning,
            signed_at=step.statement.signed_at,
            reason=step.statement.reason,
            person_id=step.person.id,
            content_digest=step.statement.content.digest(),
        )

    def as_dict(self) -> dict[str, Any]:
        """The signature as a JSON object."""
        return {
            "name": self.name,
            "role": self.role,
            "meaning": self.meaning.value,
            "signed_at": self.signed_at.isoformat(timespec="seconds"),
            "time": "claimed",
            "reason": self.reason,
            "person_id": self.person_id,
            "content_digest": self.content_digest,
        }


@dataclass(frozen=True)
class Verification:
    """The answer and what it rests on.

    Attributes:
        verdict: The answer.
        state: Where the label map stands; what is not validly signed is a draft.
        differs: What is not as the latest statement says.
        signatures: The good signatures, in order. They hold for what was signed, which is the content found
            only where the verdict says so.
        problems: What is wrong besides the content.
        warnings: What should be known and does not decide.
        content_digest: Digest of the content found; None where it can't be read.
        roster_digest: Digest of the roster that names and roles come from.
    """

    verdict: Verdict
    state: State
    differs: tuple[Difference, ...] = ()
    signatures: tuple[Signature, ...] = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    content_digest: str | None = None
    roster_digest: str = ""

    @property
    def holds(self) -> bool:
        """Whether this is what was signed."""
        return self.verdict in (Verdict.VALID, Verdict.CONTENT_MATCHES)

    def as_dict(self) -> dict[str, Any]:
        """The verification as a JSON object."""
        return {
            "verdict": self.verdict.value,
            "state": self.state.value,
            "differs": [difference.as_dict() for difference in self.differs],
            "signatures": [signature.as_dict() for signature in self.signatures],
            "problems": list(self.problems),
            "warnings": list(self.warnings),
            "content_digest": self.content_digest,
            "roster_sha256": self.roster_digest,
        }


def verify_bundle(
    bundle: bytes,
    roster: Roster,
    content: Content | None,
    files: Mapping[str, str],
    *,
    now: datetime,
    problem: str = "",
) -> Verification:
    """Compare a label map with its bundle of statements.

    Args:
        bundle: The bytes of the bundle; empty where there is none.
        roster: Who may sign, and what their names and roles are.
        content: What the label map holds; None where it can't be read.
        files: SHA-256 of the label map and its structure table, by file name.
        now: The time, to tell of clocks that run ahead.
        problem: Why there is no content.
    """
    chain = replay(bundle, roster)
    latest = chain.latest
    differs: list[Difference] = []
    if latest is not None and content is not None:
        differs = differences(latest.content, content)
    problems = (*chain.problems, *([problem] if content is None else []))
    verdict = _verdict(chain, files, bundle=bundle, sound=not problems and not differs)
    good = verdict in (Verdict.VALID, Verdict.CONTENT_MATCHES)
    return Verification(
        verdict=verdict,
        state=chain.state if good else State.DRAFT,
        differs=tuple(differs),
        signatures=tuple(Signature.of(step) for step in chain.steps),
        problems=problems,
        warnings=(*chain.warnings, *future_warnings(chain, now)),
        content_digest=None if content is None else content.digest(),
        roster_digest=roster.digest,
    )


def _verdict(chain: Chain, files: Mapping[str, str], *, bundle: bytes, sound: bool) -> Verdict:
    if not bundle:
        return Verdict.UNSIGNED
    if not sound or chain.latest is None:
        return Verdict.INVALID
    # In-toto: subjects match by digest; a file that was renamed is still the file.
    same_bytes = sorted(files.values()) == sorted(chain.latest.files.values())
    return Verdict.VALID if same_bytes else Verdict.CONTENT_MATCHES
