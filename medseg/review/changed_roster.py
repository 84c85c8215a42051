"""What a change makes of the roster; no id, key or printed name is ever used for a second person."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from medseg.errors import ReviewError
from medseg.review.held_key import HeldKey
from medseg.review.person import Person
from medseg.review.roster import RoleSpan, Roster, held_by, person_name_key
from medseg.review.roster_change import ChangeRole, Enrol, Revoke, RosterChange, Rotate, SetPolicy


def changed(roster: Roster, record: RosterChange) -> Roster:
    """The roster after a change; who signed the change is not looked at here.

    Raises:
        ReviewError: The change is not possible: ``reason`` in the details is a stable word.
    """
    match record.change:
        case Enrol():
            return _enrolled(roster, record.change, record.at)
        case ChangeRole():
            return _with_role(roster, record.change, record.at)
        case Rotate():
            return _rotated(roster, record.change, record.at)
        case Revoke():
            return _revoked(roster, record.change, record.at)
        case SetPolicy():
            return replace(roster, policies=(*roster.policies, (record.at, record.change.policy)))


def _enrolled(roster: Roster, change: Enrol, at: datetime) -> Roster:
    person = change.person
    if person.valid_to is not None and person.valid_to <= at:
        raise ReviewError(f"{person.id}: valid_to must lie ahead", reason="time")
    # Nobody signs before two others have said who he is.
    person = replace(person, valid_from=max(person.valid_from or at, at))
    if any(known.id == person.id for known in roster.people):
        raise _used_before("id", person.id)
    if person_name_key(person.name) in {person_name_key(known.name) for known in roster.people}:
        raise _used_before("printed name", person.name)
    _require_fresh(roster, person.public_hex)
    return replace(
        roster,
        people=(*roster.people, person),
        keys=(*roster.keys, held_by(person)),
        roles=(*roster.roles, RoleSpan(person.id, person.role, at)),
    )


def _with_role(roster: Roster, change: ChangeRole, at: datetime) -> Roster:
    person = _known(roster, change.person_id)
    if person.role is change.role:
        raise ReviewError(f"{person.id} is {person.role} already", reason="unchanged")
    return replace(
        roster,
        people=_people_with(roster, replace(person, role=change.role)),
        roles=(*roster.roles, RoleSpan(person.id, change.role, at)),
    )


def _rotated(roster: Roster, change: Rotate, at: datetime) -> Roster:
    person = _known(roster, change.person_id)
    if change.valid_to is not None and change.valid_to <= at:
        raise ReviewError(f"{person.id}: valid_to must lie ahead", reason="time")
    _require_fresh(roster, change.public_hex)
    renewed = replace(person, public_hex=change.public_hex, valid_from=at, valid_to=change.valid_to)
    ended = replace(next(key for key in roster.keys if key.public_hex == person.public_hex), rotated_at=at)
    keys = (*_keys_with(roster, ended), held_by(renewed))
    return replace(roster, people=_people_with(roster, renewed), keys=keys)


def _revoked(roster: Roster, change: Revoke, at: datetime) -> Roster:
    held = roster.held_key(change.public_hex)
    if held is None:
        raise ReviewError("the key belongs to nobody on the roster", reason="unknown-key")
    if not change.revocation.is_stricter_than(held.revocation):
        raise ReviewError("the key is revoked already, at least as strictly", reason="unchanged")
    if change.revocation.needs_checkpoint and change.revocation.from_ > at:
        raise ReviewError(f"a key can't be {change.revocation.why} from a time to come", reason="time")
    return replace(roster, keys=_keys_with(roster, replace(held, revocation=change.revocation)))


def _known(roster: Roster, person_id: str) -> Person:
    person = roster.person(person_id)
    if person is None:
        raise ReviewError(f"{person_id[:80]!a} is not on the roster", reason="unknown-person")
    return person


def _require_fresh(roster: Roster, public_hex: str) -> None:
    if roster.held_key(public_hex) is not None:
        raise _used_before("key", public_hex)


def _people_with(roster: Roster, person: Person) -> tuple[Person, ...]:
    return tuple(person if known.id == person.id else known for known in roster.people)


def _keys_with(roster: Roster, key: HeldKey) -> tuple[HeldKey, ...]:
    return tuple(key if known.public_hex == key.public_hex else known for known in roster.keys)


def _used_before(what: str, value: str) -> ReviewError:
    return ReviewError(
        f"the {what} {value!a} is or was somebody's: each person needs their own {what}, for ever",
        hint="a person who comes back gets a new key by a rotation, not a new entry",
        reason="used-before",
    )
