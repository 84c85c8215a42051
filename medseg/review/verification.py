"""Is this what was signed, by whom, and where does it stand?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from medseg.provenance.content import Content
from medseg.provenance.differences import Difference, differences
from medseg.review.chain import Chain, SignedStep, future_warnings, replay
from medseg.review.checkpoint import NO_CHECKPOINTS, Checkpoints
from medseg.review.missing_statements import missing_statements
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
        signed_at: When, as the signer's clock claims.
        reason: Why; empty where none was given.
        person_id: Id on the roster.
        content_digest: Digest of what was signed.
        sha256: Digest of the statement's line.
        structures: Ids of the structures that it covers.
        case: Id of the case in its study; None for a loose file.
        workstation: Name of the machine, as it claims.
        policy_version: The policy that it was signed under.
        checkpointed_at: By when it was there for sure; None where no checkpoint proves it.
    """

    name: str
    role: str
    meaning: Meaning
    signed_at: datetime
    reason: str
    person_id: str
    content_digest: str
    sha256: str
    structures: tuple[str, ...] = ()
    case: str | None = None
    workstation: str = ""
    policy_version: str = ""
    checkpointed_at: datetime | None = None

    @classmethod
    def of(cls, step: SignedStep) -> Signature:
        """Show a step of the chain."""
        statement = step.statement
        return cls(
            name=step.person.name,
            role=step.person.role.value,
            meaning=statement.meaning,
            signed_at=statement.signed_at,
            reason=statement.reason,
            person_id=step.person.id,
            content_digest=statement.content.digest(),
            sha256=step.sha256,
            structures=statement.structures,
            case=statement.circumstances.case,
            workstation=statement.circumstances.workstation,
            policy_version=statement.policy_version,
            checkpointed_at=step.checkpointed_at,
        )

    def as_dict(self) -> dict[str, Any]:
        """The signature as a JSON object."""
        return {
            "name": self.name,
            "role": self.role,
            "meaning": self.meaning.value,
            "signed_at": self.signed_at.isoformat(timespec="seconds"),
            "time": "claimed" if self.checkpointed_at is None else "checkpointed",
            "checkpointed_at": self.checkpointed_at and self.checkpointed_at.isoformat(timespec="seconds"),
            "reason": self.reason,
            "person_id": self.person_id,
            "structures": list(self.structures),
            "case": self.case,
            "workstation": self.workstation,
            "policy_version": self.policy_version,
            "content_digest": self.content_digest,
            "sha256": self.sha256,
        }


@dataclass(frozen=True)
class ApprovedStructure:
    """A structure and who has approved it since it was submitted.

    Attributes:
        id: Id of the structure.
        name: Its name.
        approved_by: Printed names, in alphabetical order.
    """

    id: str
    name: str
    approved_by: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The structure as a JSON object."""
        return {"id": self.id, "name": self.name, "approved_by": list(self.approved_by)}


@dataclass(frozen=True)
class Verification:
    """The answer and what it rests on.

    Attributes:
        verdict: The answer.
        state: Where the label map stands; what is not validly signed is in progress.
        differs: What is not as the latest statement says.
        signatures: The good signatures, in order. They hold for what was signed, which is the content found
            only where the verdict says so.
        problems: What is wrong besides the content.
        warnings: What should be known and does not decide.
        content_digest: Digest of the content found; None where it can't be read.
        roster_digest: Digest of the roster that names and roles come from.
        structures: The structures that were signed and who approved each; empty where the verdict is bad.
        rewritten: Names of the files whose bytes are others than those that were signed, where their content
            is the same.
    """

    verdict: Verdict
    state: State
    differs: tuple[Difference, ...] = ()
    signatures: tuple[Signature, ...] = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    content_digest: str | None = None
    roster_digest: str = ""
    structures: tuple[ApprovedStructure, ...] = ()
    rewritten: tuple[str, ...] = ()

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
            "rewritten": list(self.rewritten),
            "signatures": [signature.as_dict() for signature in self.signatures],
            "structures": [structure.as_dict() for structure in self.structures],
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
    checkpoints: Checkpoints = NO_CHECKPOINTS,
) -> Verification:
    """Compare a label map with its bundle of statements.

    Args:
        bundle: The bytes of the bundle; empty where there is none.
        roster: Who may sign, and what their names and roles are.
        content: What the label map holds; None where it can't be read.
        files: SHA-256 of the label map and its structure table, by file name.
        now: The time, to tell of clocks that run ahead.
        problem: Why there is no content.
        checkpoints: Which statements were there by when.
    """
    chain = replay(bundle, roster, checkpoints)
    latest = chain.latest
    differs: list[Difference] = []
    if latest is not None and content is not None:
        differs = differences(latest.content, content)
    missing = missing_statements(chain, content, checkpoints)
    problems = (*chain.problems, *([problem] if content is None else []), *missing)
    rewritten = () if latest is None else _other_bytes(files, latest.files)
    sound = latest is not None and not problems and not differs
    verdict = _verdict(rewritten, signed=bool(bundle or missing), sound=sound)
    good = verdict in (Verdict.VALID, Verdict.CONTENT_MATCHES)
    return Verification(
        verdict=verdict,
        state=chain.state if good else State.IN_PROGRESS,
        differs=tuple(differs),
        signatures=tuple(Signature.of(step) for step in chain.steps),
        problems=problems,
        warnings=(*chain.warnings, *future_warnings(chain, now), *checkpoints.remarks),
        content_digest=None if content is None else content.digest(),
        roster_digest=roster.digest,
        structures=_structures(chain, roster) if good else (),
        rewritten=rewritten if good else (),
    )


def _structures(chain: Chain, roster: Roster) -> tuple[ApprovedStructure, ...]:
    latest = chain.latest
    if latest is None:
        return ()
    return tuple(
        ApprovedStructure(entry.structure.id, entry.structure.name, _names(chain, entry.structure.id, roster))
        for entry in latest.content.structures or ()
    )


def _names(chain: Chain, structure_id: str, roster: Roster) -> tuple[str, ...]:
    people = map(roster.person, chain.approvals.get(structure_id, ()))
    return tuple(sorted(person.name for person in people if person is not None))


def _other_bytes(found: Mapping[str, str], signed: Mapping[str, str]) -> tuple[str, ...]:
    """Names of the files that are not, byte for byte, those that were signed; none where all are.

    In-toto: subjects match by digest; a file that was renamed is still the file.
    """
    left = Counter(found.values()) - Counter(signed.values())
    gone = Counter(signed.values()) - Counter(found.values())
    others = [name for name, digest in found.items() if left[digest]]
    return tuple(sorted(others or (name for name, digest in signed.items() if gone[digest])))


def _verdict(rewritten: tuple[str, ...], *, signed: bool, sound: bool) -> Verdict:
    if not signed:
        return Verdict.UNSIGNED
    if not sound:
        return Verdict.INVALID
    return Verdict.CONTENT_MATCHES if rewritten else Verdict.VALID
