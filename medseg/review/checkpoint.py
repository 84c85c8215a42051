"""Checkpoints: what the ledger and the sign-off held at a time, signed, to be kept where nobody rewrites it.

A chain alone does not stop who can write its file from rewriting all of it, or from cutting off its tail. A
checkpoint names the head of the ledger, the roster and every statement signed since the checkpoint before;
a copy kept elsewhere finds both.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from medseg.errors import ReviewError, SidecarError
from medseg.provenance.json_object import JsonObject
from medseg.review.envelope import SealedDocument, open_envelope, seal
from medseg.review.keys import SigningKey
from medseg.review.roster import Roster
from medseg.review.states import Meaning

CHECKPOINT_TYPE = "application/vnd.medseg.checkpoint+json"
SCHEMA = "urn:medseg:checkpoint:1"

_DIGEST = "[0-9a-f]{64}"
_MARK = re.compile(
    f"({_DIGEST}) ({_DIGEST}|-) ({_DIGEST}) ({'|'.join(meaning.value for meaning in Meaning)})"
)


@dataclass(frozen=True)
class StatementMark:
    """A statement that was there when the checkpoint was signed.

    Attributes:
        sha256: SHA-256 of its line.
        previous: SHA-256 of the statement before it; None for the first of a bundle.
        content: Digest of the content that it is about.
        meaning: What it means.
    """

    sha256: str
    previous: str | None
    content: str
    meaning: Meaning

    def __str__(self) -> str:
        """The mark as one word after the other: a site has a hundred thousand of them to read."""
        return f"{self.sha256} {self.previous or '-'} {self.content} {self.meaning}"

    @classmethod
    def from_text(cls, text: Any) -> StatementMark:
        """Read a mark back, strictly.

        Raises:
            SidecarError: It is none.
        """
        found = _MARK.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            raise SidecarError("the checkpoint: expected a statement as digests and a meaning")
        sha256, previous, content, meaning = found.groups()
        return cls(sha256, None if previous == "-" else previous, content, Meaning(meaning))


@dataclass(frozen=True)
class Checkpoint:
    """What was there at a time.

    Args:
        study: Id of the study whose ledger it is about.
        size: Entries of the ledger.
        head: SHA-256 of the last of them.
        at: When, with zone, by the clock of who signs.
        person_id: Id of who signs: anybody who holds a role.
        previous: SHA-256 of the line of the checkpoint before; None for the first.
        statements: The statements signed since the checkpoint before.
        trust: Digest of the roster, which covers every change of it.

    Raises:
        SidecarError: The number of entries is negative.
    """

    study: str
    size: int
    head: str
    at: datetime
    person_id: str
    previous: str | None
    statements: tuple[StatementMark, ...]
    trust: str

    def __post_init__(self) -> None:
        if self.size < 0:
            raise SidecarError(f"the checkpoint: expected a number of entries, got {self.size}")

    def as_dict(self) -> dict[str, Any]:
        """The checkpoint as a JSON object."""
        return {
            "schema": SCHEMA,
            "study": self.study,
            "size": self.size,
            "head": self.head,
            "at": self.at.isoformat(),
            "person_id": self.person_id,
            "previous": self.previous,
            "trust": self.trust,
            "statements": [str(mark) for mark in self.statements],
        }

    @classmethod
    def from_dict(cls, value: Any) -> Checkpoint:
        """Read a checkpoint back, strictly.

        Raises:
            SidecarError: A field is missing, unknown or of another type.
        """
        names = ("schema", "study", "size", "head", "at", "person_id", "previous", "trust", "statements")
        fields = JsonObject(value, "the checkpoint", *names)
        if fields.text("schema") != SCHEMA:
            raise SidecarError(f"expected a checkpoint of schema {SCHEMA}")
        return cls(
            study=fields.text("study"),
            size=fields.integer("size"),
            head=fields.sha256("head"),
            at=fields.time("at"),
            person_id=fields.text("person_id"),
            previous=fields.optional_sha256("previous"),
            trust=fields.sha256("trust"),
            statements=tuple(StatementMark.from_text(entry) for entry in fields.list("statements")),
        )


@dataclass(frozen=True)
class Checkpoints:
    """A chain of checkpoints, and what it proves.

    A checkpoint proves that its statements were there at its time. Where its key was lost or compromised at
    some time, that time is not believed: whoever has the key can claim any. It then proves no more than that
    the statements were there when the next checkpoint by a sound key followed it.

    Attributes:
        all: The checkpoints, in order.
        lines: SHA-256 of each one's line.
        proven: The time that each one proves; None where it proves none.
        remarks: What should be known, such as a checkpoint by a key that was compromised.
    """

    all: tuple[Checkpoint, ...] = ()
    lines: tuple[str, ...] = ()
    proven: tuple[datetime | None, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def latest(self) -> Checkpoint | None:
        """The last checkpoint."""
        return self.all[-1] if self.all else None

    @property
    def head(self) -> str | None:
        """What the next checkpoint calls ``previous``."""
        return self.lines[-1] if self.lines else None

    def has(self, statement_sha256: str) -> bool:
        """Whether a statement is in a checkpoint, by whomever."""
        return statement_sha256 in self._marked

    def time_of(self, statement_sha256: str) -> datetime | None:
        """By when a statement was there for sure; None where no checkpoint proves it.

        Args:
            statement_sha256: SHA-256 of its line.
        """
        return self._times.get(statement_sha256)

    def missing_after(self, line_sha256: str | None, content_digest: str) -> StatementMark | None:
        """A statement that once followed the last one of a bundle: its tail was cut off.

        An amendment is none: it opens a new line of work and leaves the bundle of the old one as it is.

        Args:
            line_sha256: SHA-256 of the last line of the bundle; None where there is none.
            content_digest: Digest of the content that the bundle is about.
        """
        return self._followers.get((line_sha256, content_digest))

    def continues(self, kept: Checkpoints) -> bool:
        """Whether this chain holds every checkpoint of another one, such as a copy kept elsewhere."""
        return self.lines[: len(kept.lines)] == kept.lines

    @cached_property
    def _marked(self) -> frozenset[str]:
        return frozenset(mark.sha256 for checkpoint in self.all for mark in checkpoint.statements)

    @cached_property
    def _times(self) -> Mapping[str, datetime]:
        times: dict[str, datetime] = {}
        for checkpoint, proven in zip(self.all, self.proven, strict=True):
            if proven is None:
                continue
            for mark in checkpoint.statements:
                times.setdefault(mark.sha256, proven)  # the first proof is the earliest
        return times

    @cached_property
    def _followers(self) -> Mapping[tuple[str | None, str], StatementMark]:
        return {
            (mark.previous, mark.content): mark
            for checkpoint in self.all
            for mark in checkpoint.statements
            if mark.meaning is not Meaning.AMENDED
        }


NO_CHECKPOINTS = Checkpoints()
"""What a site without checkpoints has."""


def next_checkpoint(
    checkpoints: Checkpoints,
    roster: Roster,
    *,
    study: str,
    size: int,
    head: str,
    person_id: str,
    statements: Sequence[StatementMark],
    at: datetime,
) -> Checkpoint:
    """The checkpoint that follows those so far; statements that are in one of them are left out.

    Its time is never earlier than that of the one before, whatever the clock says: the order comes from the
    chain.
    """
    latest = checkpoints.latest
    return Checkpoint(
        study=study,
        size=size,
        head=head,
        at=at if latest is None else max(at, latest.at),
        person_id=person_id,
        previous=checkpoints.head,
        statements=tuple(mark for mark in statements if not checkpoints.has(mark.sha256)),
        trust=roster.digest,
    )


def seal_checkpoint(checkpoint: Checkpoint, key: SigningKey) -> bytes:
    """Sign a checkpoint: one line of ``checkpoints.jsonl``, without its end."""
    return seal(checkpoint.as_dict(), CHECKPOINT_TYPE, [key])


def read_checkpoints(data: bytes, roster: Roster) -> Checkpoints:
    """Read a chain of checkpoints and check every signature and link.

    Args:
        data: The bytes of ``checkpoints.jsonl``; empty where there is none.
        roster: Who may sign.

    Raises:
        SidecarError: One is damaged.
        ReviewError: One is not signed by who it says, does not follow the one before it, or names a roster
            that this one never was; ``checkpoint`` in the details is its number, from 1, and ``reason`` one
            of ``signatures``, ``previous``, ``time``, ``ledger`` and ``unknown-roster``.
    """
    if not data:
        return NO_CHECKPOINTS
    *lines, rest = data.split(b"\n")
    if rest:
        raise SidecarError(f"checkpoint {len(lines) + 1}: its line has no end")
    checkpoints: list[Checkpoint] = []
    digests: list[str] = []
    signers: list[str] = []
    for number, line in enumerate(lines, start=1):
        try:
            sealed = open_envelope(line, CHECKPOINT_TYPE, "the checkpoint")
            checkpoint = Checkpoint.from_dict(sealed.document)
            signers.append(_require_signature(checkpoint, sealed, roster))
            _require_next(checkpoint, checkpoints, digests[-1] if digests else None)
            roster.position(checkpoint.trust)
        except (ReviewError, SidecarError) as error:
            raise type(error)(
                f"checkpoint {number}: {error.message}",
                hint=error.hint,
                **{**error.details, "checkpoint": number},
            ) from error
        checkpoints.append(checkpoint)
        digests.append(hashlib.sha256(line).hexdigest())
    doubts = [_doubt(checkpoint, key, roster) for checkpoint, key in zip(checkpoints, signers, strict=True)]
    return Checkpoints(
        all=tuple(checkpoints),
        lines=tuple(digests),
        proven=_proven_times(checkpoints, doubts),
        remarks=tuple(f"checkpoint {number}: {doubt}" for number, doubt in enumerate(doubts, 1) if doubt),
    )


def _require_signature(checkpoint: Checkpoint, sealed: SealedDocument, roster: Roster) -> str:
    held = [key.public_hex for key in roster.keys if key.person_id == checkpoint.person_id]
    signed = sealed.signed_by(held)
    if len(signed) != 1 or sealed.signature_count != 1:
        raise ReviewError(
            f"it is not signed by {checkpoint.person_id[:80]!a} of the roster, or was altered",
            hint="take the trust folder from where you trust it",
            reason="signatures",
        )
    return signed[0]


def _require_next(checkpoint: Checkpoint, earlier: Sequence[Checkpoint], previous: str | None) -> None:
    if checkpoint.previous != previous:
        raise ReviewError(
            "it does not follow the checkpoint before it: moved, repeated, or one is missing",
            reason="previous",
        )
    if earlier and checkpoint.at < earlier[-1].at:
        raise ReviewError("it claims an earlier time than the checkpoint before it", reason="time")
    before = next((known for known in reversed(earlier) if known.study == checkpoint.study), None)
    if before is None:
        return
    grown = checkpoint.size > before.size
    if not grown and (checkpoint.size, checkpoint.head) != (before.size, before.head):
        raise ReviewError(
            f"the ledger had {before.size} entries already, and this says {checkpoint.size} or others: it "
            "was cut off or rebuilt in between",
            reason="ledger",
        )


def _doubt(checkpoint: Checkpoint, public_hex: str, roster: Roster) -> str:
    """Why the time of a checkpoint is not believed; empty where it is."""
    revocation = roster.revocation(public_hex)
    if revocation is not None and revocation.needs_checkpoint:
        return f"its key was {revocation.why} from {revocation.from_.isoformat()}: its time is not believed"
    try:
        roster.signer(public_hex, checkpoint.at, trust=checkpoint.trust)
    except ReviewError as error:
        return error.message
    return ""


def _proven_times(checkpoints: Sequence[Checkpoint], doubts: Iterable[str]) -> tuple[datetime | None, ...]:
    """The time of each, or of the first one after it whose time is believed: that one names it."""
    proven: list[datetime | None] = []
    sound: datetime | None = None
    for checkpoint, doubt in reversed(list(zip(checkpoints, doubts, strict=True))):
        if not doubt:
            sound = checkpoint.at
        proven.append(sound)
    return tuple(reversed(proven))
