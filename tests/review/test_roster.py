"""The founding roster: only its founders make it, and nobody is on it twice."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from medseg.errors import ReviewError, SidecarError, SigningKeyError
from medseg.review.envelope import seal
from medseg.review.fold import read_roster
from medseg.review.founding import ROSTER_TYPE, Founding, seal_roster
from medseg.review.person import Person, read_card, write_card
from medseg.review.policy import Policy
from medseg.review.role import Role
from signers import NOON, person


def test_a_roster_comes_back():
    (ben, ben_key), (ada, ada_key) = person("Ben", "radiologist", valid_from=NOON), person("Ada", "annotator")
    roster = read_roster(seal_roster([ben, ada], [ben_key, ada_key]))
    assert roster.people == (ben, ada)
    assert roster.founders == ("ben", "ada")
    assert roster.holder_of(ada.public_hex) == ada
    assert roster.holder_of("00" * 32) is None
    assert roster.policy_at(NOON) == Policy()


def test_the_policy_is_signed_with_the_roster():
    ben, key = person("Ben", "radiologist")
    policy = Policy("2026", approvals=2)
    assert read_roster(seal_roster([ben], [key], policy=policy)).policy_at(NOON) == policy


def test_a_site_of_one_founds_itself():
    ben, key = person("Ben", "radiologist")
    assert read_roster(seal_roster([ben], [key])).people == (ben,)


def test_one_key_under_two_people_is_refused():
    (ben, ben_key), (ada, ada_key) = person("Ben", "radiologist"), person("Ada", "annotator")
    eve = replace(ben, id="eve", name="Eve")
    with pytest.raises(ReviewError, match="their own key"):
        seal_roster([ben, ada, eve], [ben_key, ada_key])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": "ben"}, "their own id"),
        ({"name": " bEN "}, "their own printed name"),
        ({"name": "Ｂｅｎ"}, "own printed"),
    ],
)
def test_what_could_be_a_second_account_is_refused(changes, message):
    (ben, ben_key), (ada, ada_key) = person("Ben", "radiologist"), person("Ada", "annotator")
    with pytest.raises(ReviewError, match=message):
        seal_roster([ben, replace(ada, **changes)], [ben_key, ada_key])


def _document(*founders: str) -> tuple[dict, dict]:
    people = {n: person(n.title(), "radiologist") for n in ("ben", "cleo", "eve")}
    founding = Founding(tuple(p for p, _ in people.values()), founders, Policy(), NOON)
    return founding.as_dict(), {n: k for n, (_, k) in people.items()}


@pytest.mark.parametrize("signers", [["ben"], ["ben", "eve"], ["ben", "cleo", "eve"], []])
def test_each_founder_signs_and_nobody_else(signers):
    document, keys = _document("ben", "cleo")
    with pytest.raises(ReviewError, match="signed by its 2 founders"):
        read_roster(seal(document, ROSTER_TYPE, [keys[n] for n in signers]))
    assert read_roster(seal(document, ROSTER_TYPE, [keys["cleo"], keys["ben"]])).founders == ("ben", "cleo")


@pytest.mark.parametrize("founders", [[], ["ben"], ["ben", "ben"], ["ben", "nobody"], [1, 2], "ben"])
def test_founders_that_cannot_be(founders):
    document, keys = _document("ben", "cleo")
    with pytest.raises((ReviewError, SidecarError)):
        read_roster(seal({**document, "founders": founders}, ROSTER_TYPE, [keys["ben"], keys["cleo"]]))


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": "x"},
        {"people": []},
        {"people": [1]},
        {"people": {}},
        {"more": 1},
        {"policy": {}},
        {"founded": "2026-01-01"},
    ],
)
def test_what_is_no_roster_is_refused(changes):
    document, keys = _document("ben", "cleo")
    with pytest.raises((ReviewError, SidecarError)):
        read_roster(seal({**document, **changes}, ROSTER_TYPE, [keys["ben"], keys["cleo"]]))


@pytest.mark.parametrize(
    "changes",
    [
        {"role": "chief"},
        {"key": {"keytype": "rsa", "scheme": "ed25519", "keyval": {"public": "00" * 32}}},
        {"key": {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": "00"}}},
        {"valid_from": "yesterday"},
        {"valid_from": "2026-01-01T00:00:00"},
        {"id": 5},
        {"name": "\x1b[2J"},
    ],
)
def test_what_is_no_person_is_refused(changes):
    ben, _ = person("Ben", "radiologist")
    with pytest.raises((ReviewError, SidecarError)):
        Person.from_dict({**ben.as_dict(), **changes})


@pytest.mark.parametrize(
    "changes",
    [{"id": "Ben B"}, {"id": ""}, {"name": " "}, {"name": "a\nb"}, {"valid_from": NOON, "valid_to": NOON}],
)
def test_a_person_that_cannot_be(changes):
    ben, _ = person("Ben", "radiologist")
    with pytest.raises(ReviewError):
        replace(ben, **changes)
    with pytest.raises(SigningKeyError):
        replace(ben, public_hex="00")


def test_validity():
    ben, _ = person("Ben", "radiologist", valid_from=NOON, valid_to=NOON + timedelta(days=1))
    assert Person.from_dict(json.loads(json.dumps(ben.as_dict()))) == ben
    assert [ben.may_sign_at(NOON + timedelta(hours=h)) for h in (-1, 0, 23, 24)] == [False, True, True, False]


def test_a_card_is_signed_with_its_own_key():
    ben, ben_key = person("Ben", "radiologist")
    _, eve_key = person("Eve", "radiologist")
    assert read_card(write_card(ben, ben_key)) == ben
    with pytest.raises(ReviewError, match="own key"):
        read_card(write_card(ben, eve_key))
    with pytest.raises(ReviewError, match="own key"):
        read_card(write_card(replace(ben, role=Role.QA), eve_key))
