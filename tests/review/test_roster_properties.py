"""Random changes by random signers: the roster takes exactly those that are signed by who must sign."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medseg.errors import MedsegError, ReviewError
from medseg.review.fold import read_roster
from medseg.review.keys import SigningKey, generate_key
from medseg.review.person import Person
from medseg.review.policy import Policy
from medseg.review.revocation import Revocation, Why
from medseg.review.role import Role
from medseg.review.roster_change import Change, ChangeRole, Enrol, Revoke, Rotate, SetPolicy
from roster_changes import STAFF, LivingRoster, living_roster
from signers import NOON, person

STEP = timedelta(minutes=1)

STRANGERS = 3


@dataclass
class Expected:
    """What ought to be, told by simpler rules than the roster's own.

    Attributes:
        latest: Each person's latest key.
        role: Each person's role.
        used: Every key that was ever somebody's.
        dead: Latest keys that were revoked.
    """

    latest: dict[str, SigningKey]
    role: dict[str, Role]
    used: set[str]
    dead: set[str] = field(default_factory=set)

    def holder(self, key: SigningKey) -> str | None:
        return next((p for p, k in self.latest.items() if k.public_hex == key.public_hex), None)

    def sound(self, key: SigningKey) -> bool:
        return self.holder(key) is not None and key.public_hex not in self.dead


@dataclass(frozen=True)
class Attempt:
    """One random change and who is to sign it, as numbers that are looked up when its turn comes.

    Attributes:
        kind: What changes.
        subject: Whom it is about.
        fresh: Whose new key it is about.
        role: Which role it gives.
        signers: Who signs.
        is_proven: Whether the key that it is about signs too.
    """

    kind: str
    subject: int
    fresh: int
    role: Role
    signers: tuple[int, ...]
    is_proven: bool


attempts = st.lists(
    st.builds(
        Attempt,
        kind=st.sampled_from(["enrol", "role", "rotate", "revoke", "policy"]),
        subject=st.integers(0, 5),
        fresh=st.integers(0, STRANGERS - 1),
        role=st.sampled_from(list(Role)),
        signers=st.one_of(
            # Any keys, or the staff's: these are mostly right, so that many changes hold.
            st.lists(st.integers(0, 6), max_size=4, unique=True),
            st.lists(st.integers(0, 3), min_size=2, max_size=3, unique=True),
        ).map(tuple),
        is_proven=st.sampled_from([True, True, False]),
    ),
    min_size=3,
    max_size=10,
)


def honest(change: Change, expected: Expected, signers: list[SigningKey], names: dict[str, str]) -> bool:
    """Whether the change is possible and signed by who must sign it."""
    holders = {expected.holder(key) for key in signers}
    match change:
        case Enrol():
            proof, subject = change.person.public_hex, change.person.id
            possible = subject not in expected.latest and proof not in expected.used
        case ChangeRole():
            subject = change.person_id
            possible = expected.role[subject] is not change.role
            proof = expected.latest[subject].public_hex
        case Rotate():
            proof, subject = change.public_hex, change.person_id
            possible = proof not in expected.used
        case Revoke():
            proof, subject = None, names[change.public_hex]
            possible = change.public_hex not in expected.dead
        case SetPolicy():
            proof, subject, possible = None, None, True
    fresh = proof not in expected.used
    counting = all(expected.sound(key) or (fresh and key.public_hex == proof) for key in signers)
    alone = isinstance(change, Revoke) and subject in holders
    proven = proof is None or proof in {key.public_hex for key in signers}
    witnesses = len(holders - {None, subject})
    return possible and counting and (alone or (proven and witnesses >= 2))


def as_change(attempt: Attempt, site: LivingRoster, strangers: list[tuple[Person, SigningKey]]) -> Change:
    people = site.roster.people
    somebody = people[attempt.subject % len(people)]
    newcomer, key = strangers[attempt.fresh]
    match attempt.kind:
        case "enrol":
            return Enrol(replace(newcomer, role=attempt.role))
        case "role":
            return ChangeRole(somebody.id, attempt.role)
        case "rotate":
            return Rotate(somebody.id, key.public_hex)
        case "revoke":
            return Revoke(somebody.public_hex, Revocation(NOON, Why.LOST))
        case _:
            return SetPolicy(Policy("2", approvals=1 + attempt.subject))


def proofs(change: Change, expected: Expected, every_key: list[SigningKey]) -> list[SigningKey]:
    """The key that the change is about."""
    match change:
        case Enrol():
            public_hex = change.person.public_hex
        case Rotate() | Revoke():
            public_hex = change.public_hex
        case ChangeRole():
            public_hex = expected.latest[change.person_id].public_hex
        case SetPolicy():
            return []
    return [key for key in every_key if key.public_hex == public_hex]


def follow(change: Change, expected: Expected, strangers: list[tuple[Person, SigningKey]]) -> None:
    """What the change makes of what ought to be."""
    keys = {key.public_hex: key for _, key in strangers}
    match change:
        case Enrol():
            expected.latest[change.person.id] = keys[change.person.public_hex]
            expected.role[change.person.id] = change.person.role
            expected.used.add(change.person.public_hex)
        case ChangeRole():
            expected.role[change.person_id] = change.role
        case Rotate():
            expected.latest[change.person_id] = keys[change.public_hex]
            expected.used.add(change.public_hex)
        case Revoke():
            expected.dead.add(change.public_hex)


@settings(max_examples=100, deadline=None)
@given(attempts)
def test_the_fold_takes_exactly_what_is_signed_by_who_must_sign(sequence):
    site = living_roster(STAFF[:4])
    strangers = [person(name, "qa") for name in ("Xena", "Yuri", "Zoe")]
    expected = Expected(dict(site.keys), {p.id: p.role for p in site.roster.people}, set())
    expected.used.update(key.public_hex for key in site.keys.values())
    every_key = [*site.keys.values(), *(key for _, key in strangers)]
    for number, attempt in enumerate(sequence):
        change = as_change(attempt, site, strangers)
        names = {key.public_hex: key.person_id for key in site.roster.keys}
        signers = [every_key[n] for n in attempt.signers]
        if attempt.is_proven:
            signers += proofs(change, expected, every_key)
        signers = list({key.public_hex: key for key in signers}.values())
        if honest(change, expected, signers, names):
            site.change(change, signers, at=NOON + number * STEP)
            follow(change, expected, strangers)
        else:
            with pytest.raises(ReviewError):
                site.change(change, signers, at=NOON + number * STEP)
        assert {p.id: p.role for p in site.roster.people} == expected.role
        assert {p.id: p.public_hex for p in site.roster.people} == {
            p: key.public_hex for p, key in expected.latest.items()
        }


@pytest.fixture(scope="module")
def changed() -> LivingRoster:
    site = living_roster()
    eve, key = person("Eve", "radiologist")
    new = generate_key()
    site.change(Enrol(eve), [key, "ben", "cleo"])
    site.change(Rotate("ada", new.public_hex), [new, "ben", key])
    site.change(Revoke(key.public_hex, Revocation(NOON, Why.LOST)), [key])
    return site


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_changed_byte_of_the_trust_folder_goes_unseen(changed, data):
    whole = changed.founding + changed.changes
    place = data.draw(st.integers(0, len(whole) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != whole[place]))
    mutated = whole[:place] + bytes([other]) + whole[place + 1 :]
    founding, changes = mutated[: len(changed.founding)], mutated[len(changed.founding) :]
    with pytest.raises(MedsegError):
        read_roster(founding, changes)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_nothing_cut_out_of_the_changes_goes_unseen_but_whole_lines_at_the_end(changed, data):
    whole = changed.changes
    start = data.draw(st.integers(0, len(whole) - 1))
    end = data.draw(st.integers(start + 1, len(whole)))
    rest = whole[:start] + whole[end:]
    if rest == b"" or (whole.startswith(rest) and rest.endswith(b"\n")):
        assert read_roster(changed.founding, rest).digest != changed.roster.digest
    else:
        with pytest.raises(MedsegError):
            read_roster(changed.founding, rest)
