"""Changes of the roster: who must sign them, and what nobody can do alone."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from medseg.errors import ReviewError, SidecarError
from medseg.review.envelope import seal
from medseg.review.fold import read_roster
from medseg.review.founding import seal_roster
from medseg.review.keys import generate_key, public_key
from medseg.review.policy import Policy
from medseg.review.revocation import Revocation, Why
from medseg.review.role import Role
from medseg.review.roster_change import (
    CHANGE_TYPE,
    ChangeRole,
    Enrol,
    Revoke,
    RosterChange,
    Rotate,
    SetPolicy,
)
from medseg.review.roster_remarks import roster_remarks
from roster_changes import DAY, STAFF, living_roster
from signers import NOON, person

HOUR = timedelta(hours=1)


@pytest.fixture
def site():
    return living_roster()


@pytest.fixture
def eve(site):
    newcomer, key = person("Eve", "radiologist")
    site.keys["eve"] = key
    return newcomer


def refused(site, change, signers, *, reason="signatures", at=NOON, message=r"\w"):
    before = site.roster
    with pytest.raises(ReviewError, match=message) as caught:
        site.change(change, signers, at=at)
    assert caught.value.details["reason"] == reason
    assert site.roster == before


def test_enrolment_needs_the_person_and_two_others(site, eve):
    roster = site.change(Enrol(eve), ["eve", "ben", "emil"])
    assert roster.person("eve") == replace(eve, valid_from=NOON)
    assert roster.signer(eve.public_hex, NOON).role is Role.RADIOLOGIST
    assert roster.digest == roster.changes[-1].digest != roster.founding_digest
    with pytest.raises(ReviewError, match="not before") as caught:
        roster.signer(eve.public_hex, NOON - HOUR)
    assert caught.value.details["reason"] == "not-yet-valid"


@pytest.mark.parametrize(
    "signers", [["emil"], ["emil", "ben"], ["eve"], ["eve", "emil"], [], ["emil", "ben", "cleo"]]
)
def test_an_administrator_enrols_nobody_alone_nor_without_the_person(site, eve, signers):
    refused(site, Enrol(eve), signers)


def test_an_administrator_does_not_enrol_a_key_of_his_own_in_anothers_name(site):
    # He has the key, and so its proof of possession; he counts once.
    sock_puppet, key = person("Eve", "radiologist")
    refused(site, Enrol(sock_puppet), [key, "emil"], message="2 other people")


def test_one_person_does_not_count_twice_through_two_key_ids(site, eve):
    envelope = json.loads(site.line(Enrol(eve), ["eve", "emil"]))
    twin = {**envelope["signatures"][1], "keyid": "11" * 32}
    envelope["signatures"].append(twin)
    line = json.dumps(envelope, separators=(",", ":")).encode()
    with pytest.raises(ReviewError, match="a signature that does not count"):
        read_roster(site.founding, line + b"\n")


def test_one_person_does_not_count_twice_through_an_old_and_a_new_key(site, eve):
    old, new = site.keys["emil"], generate_key()
    site.change(Rotate("emil", new.public_hex), [new, "ben", "cleo"])
    refused(site, Enrol(eve), ["eve", old, new])


def test_who_was_enrolled_does_not_vouch_for_himself(site, eve):
    twin, key = person("Eva", "qa")
    site.change(Enrol(eve), ["eve", "ben", "cleo"])
    refused(site, Enrol(twin), [key, "eve"])
    refused(site, ChangeRole("eve", Role.QA), ["eve", "ben"])


@pytest.mark.parametrize(
    ("account", "what"),
    [
        ({"id": "ada", "name": "Other"}, "id"),
        ({"id": "other", "name": " aDA "}, "printed name"),
        ({"id": "other", "name": "Ａｄａ"}, "printed name"),
    ],
)
def test_an_id_or_a_name_is_never_given_to_another(site, eve, account, what):
    second = Enrol(replace(eve, **account))
    refused(site, second, ["eve", "ben", "cleo"], reason="used-before", message=what)
    # Nor after the first one has left.
    site.change(Revoke(site.keys["ada"].public_hex, Revocation(NOON, Why.LEFT)), ["ada"])
    refused(site, second, ["eve", "ben", "cleo"], reason="used-before", message=what)


def test_a_key_is_never_given_to_another_nor_again_to_its_holder(site):
    second = replace(site.roster.person("ada"), id="ada2", name="Ada Second")
    refused(site, Enrol(second), ["ada", "ben", "cleo"], reason="used-before", message="key")
    old, new = site.keys["ada"], generate_key()
    site.change(Rotate("ada", new.public_hex), [new, "ben", "cleo"])
    refused(site, Enrol(second), [old, "ben", "cleo"], reason="used-before")
    refused(site, Rotate("ada", old.public_hex), [old, "ben", "cleo"], reason="used-before")
    refused(site, Rotate("dora", new.public_hex), [new, "ben", "cleo"], reason="used-before")


@pytest.mark.parametrize(
    "signers", [["ada"], ["ada", "emil"], ["emil", "ben"], ["emil", "ben", "cleo"], ["emil"]]
)
def test_nobody_changes_a_role_alone_nor_without_the_person(site, signers):
    refused(site, ChangeRole("ada", Role.RADIOLOGIST), signers)


def test_a_role_holds_from_its_time_on(site):
    roster = site.change(ChangeRole("ada", Role.RADIOLOGIST), ["ada", "ben", "emil"], at=NOON)
    key = site.keys["ada"].public_hex
    assert roster.person("ada").role is Role.RADIOLOGIST
    assert roster.signer(key, NOON - HOUR).role is Role.ANNOTATOR
    assert roster.signer(key, NOON).role is Role.RADIOLOGIST
    refused(site, ChangeRole("ada", Role.RADIOLOGIST), ["ada", "ben", "emil"], reason="unchanged")
    refused(site, ChangeRole("nobody", Role.QA), ["ben", "emil"], reason="unknown-person")


def test_a_rotation_keeps_the_person_and_ends_the_old_key(site):
    old, new = site.keys["ada"], generate_key()
    roster = site.change(Rotate("ada", new.public_hex), [new, "ben", "emil"], at=NOON)
    assert roster.person("ada").public_hex == new.public_hex
    assert roster.holder_of(old.public_hex) == roster.holder_of(new.public_hex) == roster.person("ada")
    assert roster.revocation(old.public_hex) is None
    assert roster.signer(old.public_hex, NOON - HOUR).id == "ada"
    assert roster.signer(new.public_hex, NOON).id == "ada"
    with pytest.raises(ReviewError, match="another key took its place") as caught:
        roster.signer(old.public_hex, NOON)
    assert caught.value.details["reason"] == "rotated"
    # The old key vouches for nobody any more.
    refused(site, ChangeRole("dora", Role.COORDINATOR), ["dora", "ben", old])


@pytest.mark.parametrize("signers", [["new"], ["new", "ada"], ["new", "emil"], ["ben", "emil"]])
def test_a_rotation_needs_the_new_key_and_two_others(site, signers):
    new = site.keys["new"] = generate_key()
    refused(site, Rotate("ada", new.public_hex), signers)


def test_a_lost_key_is_replaced_without_it(site):
    lost, new = site.keys["ada"], generate_key()
    site.change(Revoke(lost.public_hex, Revocation(NOON - HOUR, Why.LOST)), ["ben", "cleo"])
    roster = site.change(Rotate("ada", new.public_hex), [new, "ben", "cleo"], at=NOON + HOUR)
    assert roster.signer(new.public_hex, NOON + HOUR).id == "ada"
    assert roster.revocation(lost.public_hex).why is Why.LOST


@pytest.mark.parametrize("signers", [["ada"], ["ben", "emil"], ["ada", "ben"], ["ada", "ben", "emil"]])
def test_a_key_is_revoked_by_its_holder_or_by_two_others(site, signers):
    key = site.keys["ada"].public_hex
    roster = site.change(Revoke(key, Revocation(NOON - DAY, Why.COMPROMISED)), signers)
    assert roster.revocation(key) == Revocation(NOON - DAY, Why.COMPROMISED)
    assert roster.revocation(key).needs_checkpoint
    with pytest.raises(ReviewError, match="compromised") as caught:
        roster.signer(key, NOON - DAY)
    assert caught.value.details["reason"] == "revoked"
    assert roster.signer(key, NOON - 2 * DAY).id == "ada"  # what a checkpoint must confirm


@pytest.mark.parametrize("signers", [["emil"], [], ["eve"], ["eve", "emil"]])
def test_nobody_revokes_anothers_key_alone(site, eve, signers):
    refused(site, Revoke(site.keys["ada"].public_hex, Revocation(NOON, Why.LEFT)), signers)


def test_a_revoked_key_signs_no_change_and_does_not_revoke_itself_again(site, eve):
    key = site.keys["ben"].public_hex
    site.change(Revoke(key, Revocation(NOON - HOUR, Why.LOST)), ["cleo", "emil"])
    refused(site, Enrol(eve), ["eve", "ben", "emil"], reason="revoked")
    refused(site, Revoke(key, Revocation(NOON - DAY, Why.LOST)), ["ben"], reason="revoked")
    refused(site, SetPolicy(Policy("2")), ["ben", "emil"], reason="revoked")


def test_a_revocation_only_ever_takes_more_away(site):
    key = site.keys["ben"].public_hex
    two = ["cleo", "emil"]
    site.change(Revoke(key, Revocation(NOON, Why.LEFT)), two)
    refused(site, Revoke(key, Revocation(NOON + HOUR, Why.LOST)), two, at=NOON + DAY, reason="unchanged")
    refused(site, Revoke(key, Revocation(NOON, Why.LEFT)), two, reason="unchanged")
    site.change(Revoke(key, Revocation(NOON, Why.LOST)), two)
    refused(site, Revoke(key, Revocation(NOON - HOUR, Why.LEFT)), two, reason="unchanged")
    assert (
        site.change(Revoke(key, Revocation(NOON - HOUR, Why.LOST)), two).revocation(key).from_ == NOON - HOUR
    )


def test_a_key_is_not_lost_from_a_time_to_come_but_somebody_may_leave_then(site, eve):
    key = site.keys["ben"].public_hex
    refused(site, Revoke(key, Revocation(NOON + DAY, Why.LOST)), ["ben"], reason="time")
    roster = site.change(Revoke(key, Revocation(NOON + DAY, Why.LEFT)), ["ben"])
    assert roster.signer(key, NOON + HOUR).id == "ben"
    site.change(Enrol(eve), ["eve", "ben", "cleo"], at=NOON + HOUR)
    refused(site, ChangeRole("eve", Role.QA), ["eve", "ben", "cleo"], at=NOON + DAY, reason="revoked")


def test_an_unknown_key_is_not_revoked(site, eve):
    change = Revoke(eve.public_hex, Revocation(NOON, Why.LOST))
    refused(site, change, ["ben", "cleo"], reason="unknown-key")


def test_an_expired_key_signs_no_change(site, eve):
    site.change(Enrol(replace(eve, valid_to=NOON + DAY)), ["eve", "ben", "cleo"])
    change = ChangeRole("ada", Role.QA)
    refused(site, change, ["ada", "eve", "ben"], at=NOON + DAY, reason="expired")
    assert site.change(change, ["ada", "eve", "ben"], at=NOON + HOUR).person("ada").role is Role.QA


def test_an_entry_that_ended_before_it_began_is_refused(site, eve):
    refused(site, Enrol(replace(eve, valid_to=NOON)), ["eve", "ben", "cleo"], reason="time")
    new = generate_key()
    refused(site, Rotate("ada", new.public_hex, NOON), [new, "ben", "cleo"], reason="time")


@pytest.mark.parametrize("signers", [["emil"], ["emil", "eve"], []])
def test_nobody_sets_the_policy_alone(site, eve, signers):
    refused(site, SetPolicy(Policy("2")), signers)


def test_a_policy_holds_from_its_time_on(site):
    roster = site.change(SetPolicy(Policy("2", approvals=2)), ["emil", "ada"])
    assert roster.policy_at(NOON - HOUR) == Policy()
    assert roster.policy_at(NOON) == roster.policy == Policy("2", approvals=2)


def test_a_site_of_one_grows_by_its_one_person_and_of_two_by_both():
    site = living_roster(STAFF[:1], founders=1)
    for name in ("Eve", "Fay"):
        newcomer, site.keys[newcomer.id] = (made := person(name, "qa"))[0], made[1]
        signers = [*site.keys]
        refused(site, Enrol(newcomer), signers[-1:])
        site.change(Enrol(newcomer), signers)
    # With one other person only, that one can't act in anybody's name.
    assert [p.id for p in site.roster.people] == ["ben", "eve", "fay"]


def test_in_a_site_of_two_nobody_replaces_the_others_key():
    site = living_roster(STAFF[:2])
    new = generate_key()
    refused(site, Rotate("cleo", new.public_hex), [new, "ben"])
    refused(site, Rotate("cleo", new.public_hex), [new, "ben", "cleo"])
    refused(site, Revoke(site.keys["cleo"].public_hex, Revocation(NOON, Why.LOST)), ["ben"])
    refused(site, ChangeRole("cleo", Role.QA), ["ben", "cleo"])
    assert any("fewer than 3" in remark for remark in roster_remarks(site.roster, NOON))


def test_a_site_of_one_changes_itself():
    site = living_roster(STAFF[:1], founders=1)
    old, new = site.keys["ben"], generate_key()
    refused(site, Rotate("ben", new.public_hex), [new])
    site.change(Rotate("ben", new.public_hex), [old, new])
    site.keys["ben"] = new
    site.change(ChangeRole("ben", Role.QA), ["ben"])
    assert site.change(SetPolicy(Policy("2")), ["ben"]).policy.version == "2"
    assert any("one person founded" in remark for remark in roster_remarks(site.roster, NOON))


def test_who_is_left_alone_gets_no_more_power(site, eve):
    for name in ("cleo", "ada", "dora", "emil"):
        site.change(Revoke(site.keys[name].public_hex, Revocation(NOON, Why.LEFT)), [name])
    refused(site, Enrol(eve), ["eve", "ben"])
    assert any("1 of 5 people" in remark for remark in roster_remarks(site.roster, NOON))


def test_a_stranger_signs_nothing(site, eve):
    stranger = generate_key()
    line = site.line(Enrol(eve), ["eve", "ben", "cleo", stranger])
    with pytest.raises(ReviewError, match="does not count"):
        read_roster(site.founding, line + b"\n")


def test_a_change_that_a_thief_may_have_signed_is_told(site, eve):
    site.change(Enrol(eve), ["eve", "ben", "cleo"], at=NOON)
    assert roster_remarks(site.roster, NOON) == ()
    site.change(
        Revoke(site.keys["ben"].public_hex, Revocation(NOON - HOUR, Why.COMPROMISED)),
        ["cleo", "emil"],
        at=NOON + HOUR,
    )
    (remark,) = roster_remarks(site.roster, NOON + HOUR)
    assert remark.startswith("change 1 (enrol Eve (eve) as radiologist) was signed with a key of Ben")


def _three_changes(site, eve) -> list[bytes]:
    site.change(Enrol(eve), ["eve", "ben", "cleo"])
    site.change(ChangeRole("ada", Role.QA), ["ada", "eve", "ben"])
    site.change(SetPolicy(Policy("2")), ["ada", "eve"])
    return site.changes.splitlines(keepends=True)


@pytest.mark.parametrize(
    "order", [[1], [1, 2], [0, 2], [1, 0, 2], [0, 2, 1], [0, 0, 1, 2], [0, 1, 2, 0]], ids=str
)
def test_changes_left_out_reordered_or_repeated_are_refused(site, eve, order):
    lines = _three_changes(site, eve)
    with pytest.raises(ReviewError, match="follow") as caught:
        read_roster(site.founding, b"".join(lines[n] for n in order))
    assert caught.value.details["reason"] == "previous"
    assert isinstance(caught.value.details["change"], int)


def test_a_tail_that_was_cut_off_leaves_another_digest(site, eve):
    lines = _three_changes(site, eve)
    shorter = read_roster(site.founding, b"".join(lines[:2]))
    assert site.roster.digest not in shorter.digests
    assert site.roster.digests[:3] == shorter.digests
    for end in (b"".join(lines)[:-1], b"".join(lines)[:-20]):
        with pytest.raises(SidecarError, match=r"change 3.*no end"):
            read_roster(site.founding, end)


def test_changes_of_another_trust_folder_are_refused(site, eve):
    # The same people with the same keys found a second site.
    people = list(site.roster.people)
    founding = seal_roster(people, [site.keys["ben"], site.keys["cleo"]], founded=NOON)
    site.change(Enrol(eve), ["eve", "ben", "cleo"])
    with pytest.raises(ReviewError, match=r"change 1.*follow"):
        read_roster(founding, site.changes)


def test_a_change_older_than_the_one_before_it_is_refused(site, eve):
    site.change(Enrol(eve), ["eve", "ben", "cleo"])
    refused(site, SetPolicy(Policy("2")), ["ben", "cleo"], at=NOON - HOUR, reason="time")


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": "urn:other"},
        {"previous": "x"},
        {"at": "2026-03-04T12:00:00"},
        {"reason": "two\nlines"},
        {"reason": "x" * 501},
        {"change": None},
        {"change": {"kind": "fire"}},
        {"change": {"kind": ["enrol"]}},
        {"change": {"kind": "role", "person_id": "ada", "role": "chief"}},
        {"change": {"kind": "role", "person_id": "ada", "role": "qa", "more": 1}},
        {"change": {"kind": "rotate", "person_id": "ada", "key": "00", "valid_to": None}},
        {"change": {"kind": "rotate", "person_id": "ada", "key": "00" * 32, "valid_to": None}},
        {"change": {"kind": "revoke", "key": "00" * 32, "from": "now", "why": "lost"}},
        {"change": {"kind": "policy", "policy": {"version": "2"}}},
        {"more": 1},
    ],
)
def test_what_is_no_change_is_refused(site, changes):
    record = RosterChange(site.roster.digest, NOON, "", SetPolicy(Policy("2")))
    good = record.as_dict()
    keys = [site.keys["ben"], site.keys["cleo"]]
    assert read_roster(site.founding, seal(good, CHANGE_TYPE, keys) + b"\n").policy.version == "2"
    with pytest.raises((ReviewError, SidecarError)):
        read_roster(site.founding, seal({**good, **changes}, CHANGE_TYPE, keys) + b"\n")


def test_a_change_comes_back(site, eve):
    for change in (
        Enrol(eve),
        ChangeRole("ada", Role.QA),
        Rotate("ada", eve.public_hex, NOON + DAY),
        Rotate("ada", eve.public_hex),
        Revoke(eve.public_hex, Revocation(NOON, Why.LEFT)),
        SetPolicy(Policy("2", 2, 3, 4)),
    ):
        record = RosterChange("11" * 32, NOON + timedelta(microseconds=7), "because", change)
        assert RosterChange.from_dict(json.loads(json.dumps(record.as_dict()))) == record


def test_the_keys_of_a_roster_stay_for_ever(site, eve):
    before = site.roster.public_hexes
    new = generate_key()
    site.change(Enrol(eve), ["eve", "ben", "cleo"])
    site.change(Rotate("ada", new.public_hex), [new, "ben", "cleo"])
    site.change(Revoke(site.keys["dora"].public_hex, Revocation(NOON, Why.LEFT)), ["dora"])
    assert site.roster.public_hexes == (*before, eve.public_hex, new.public_hex)
    assert all(public_key(key) for key in site.roster.public_hexes)
    assert [p.id for p in site.roster.people] == ["ben", "cleo", "ada", "dora", "emil", "eve"]


def test_the_role_is_that_of_the_roster_that_a_signature_names(site):
    # Proposed at noon and applied hours later: what was signed in between is judged by the roster of then.
    founding = site.roster.digest
    site.change(ChangeRole("ada", Role.QA), ["ada", "ben", "emil"], at=NOON)
    roster = site.change(SetPolicy(Policy("2")), ["ben", "emil"], at=NOON)
    key, later = site.keys["ada"].public_hex, NOON + HOUR
    assert roster.signer(key, later, trust=founding).role is Role.ANNOTATOR
    assert roster.signer(key, later, trust=roster.digests[1]).role is Role.QA
    assert roster.signer(key, NOON - HOUR, trust=roster.digest).role is Role.QA
    assert [roster.as_of(digest).policy.version for digest in roster.digests] == ["default", "default", "2"]
    assert roster.as_of(roster.digest) is roster
    assert [roster.position(digest) for digest in roster.digests] == [0, 1, 2]


def test_nobody_falls_back_on_an_earlier_role_or_policy(site):
    before = site.roster.digest
    site.change(ChangeRole("ben", Role.QA), ["ben", "cleo", "emil"], at=NOON)
    roster = site.change(SetPolicy(Policy("2", approvals=2)), ["cleo", "emil"], at=NOON)
    key = site.keys["ben"].public_hex
    assert roster.signer(key, NOON + HOUR, trust=before).role is Role.RADIOLOGIST
    assert roster.policy_of(before, NOON + HOUR) == Policy()
    assert roster.policy_of(roster.digest, NOON + 9 * DAY).version == "2"
    for fall_back in (
        lambda: roster.signer(key, NOON + DAY, trust=before),
        lambda: roster.policy_of(before, NOON + DAY),
    ):
        with pytest.raises(ReviewError, match="out of date") as caught:
            fall_back()
        assert caught.value.details["reason"] == "outdated-roster"
    # Whom a change was not about may name the roster before it.
    assert roster.signer(site.keys["ada"].public_hex, NOON + DAY, trust=before).role is Role.ANNOTATOR


def test_a_signature_that_names_a_roster_that_never_was_does_not_count(site):
    known = site.roster
    later = site.change(SetPolicy(Policy("2")), ["ben", "emil"])
    with pytest.raises(ReviewError, match="cut off the end of changes") as caught:
        known.signer(site.keys["ada"].public_hex, NOON, trust=later.digest)
    assert caught.value.details["reason"] == "unknown-roster"


def test_a_newcomer_does_not_sign_by_the_roster_before_him(site, eve):
    before = site.roster.digest
    roster = site.change(Enrol(eve), ["eve", "ben", "cleo"])
    with pytest.raises(ReviewError, match="nobody on the roster") as caught:
        roster.signer(eve.public_hex, NOON, trust=before)
    assert caught.value.details["reason"] == "unknown-key"


def test_what_the_old_key_signed_while_its_rotation_was_on_its_way_stays_good(site):
    old, new, before = site.keys["ada"], generate_key(), site.roster.digest
    roster = site.change(Rotate("ada", new.public_hex), [new, "ben", "cleo"], at=NOON)
    assert roster.signer(old.public_hex, NOON + HOUR, trust=before).id == "ada"
    for at, trust in ((NOON + HOUR, roster.digest), (NOON + DAY, before)):
        with pytest.raises(ReviewError, match="another key") as caught:
            roster.signer(old.public_hex, at, trust=trust)
        assert caught.value.details["reason"] == "rotated"
