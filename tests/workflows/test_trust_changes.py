"""Change who may sign: three people at three machines, one file that travels, one trust folder."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from medseg.errors import (
    ConflictError,
    LockedError,
    OutputExistsError,
    ReviewError,
    SidecarError,
    SigningKeyError,
)
from medseg.io.file_lock import exclusive
from medseg.io.trust_folder import append_change, append_checkpoint, read_trust, read_trust_and_checkpoints
from medseg.review import keys as keys_module
from medseg.review.checkpoint import next_checkpoint, seal_checkpoint
from medseg.workflows import trust_changes
from medseg.workflows.people import change_passphrase, create_key, create_trust
from medseg.workflows.show_trust import show_trust
from medseg.workflows.trust_changes import (
    apply_change,
    change_of_role,
    change_trust,
    endorse_change,
    enrolment,
    policy_with,
    propose_change,
    read_change,
    revocation,
    rotation,
)

PHRASE = "correct horse"

PEOPLE = [
    ("Ben Radiologist", "radiologist"),
    ("Cleo Radiologist", "radiologist"),
    ("Ada Annotator", "annotator"),
]


@dataclass(frozen=True)
class Site:
    """A trust folder, and the key files of its people and of a newcomer."""

    folder: Path

    @property
    def trust(self) -> Path:
        return self.folder / "trust"

    def key(self, who: str) -> tuple[Path, str]:
        return self.folder / f"{who}.pem", PHRASE

    def keys(self, *who: str) -> list[tuple[Path, str]]:
        return [self.key(name) for name in who]

    def card(self, who: str) -> Path:
        return self.folder / f"{who}.person.json"


@pytest.fixture(scope="module", autouse=True)
def _quick_keys() -> Iterator[None]:
    """Stretch passphrases little: these tests open many keys, and none is worth guessing."""
    patch = pytest.MonkeyPatch()
    patch.setattr(keys_module, "KDF_ROUNDS", 1)
    yield
    patch.undo()


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    site = Site(folder)
    for name, role in [*PEOPLE, ("Eve Newcomer", "qa")]:
        create_key(site.key(name.split()[0].lower())[0], name=name, role=role, passphrase=PHRASE)
    create_key(folder / "new.pem", name="Ada Annotator", role="annotator", passphrase=PHRASE)
    create_trust(site.trust, [site.card(who) for who in ("ben", "cleo", "ada")], site.keys("ben", "cleo"))
    return folder


@pytest.fixture
def site(made, tmp_path) -> Site:
    shutil.copytree(made, tmp_path / "site")
    return Site(tmp_path / "site")


@pytest.fixture
def proposal(site) -> Path:
    path = site.folder / "change.json"
    propose_change(site.trust, enrolment(site.card("eve")), path, reason="she starts today")
    return path


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_three_people_enrol_a_fourth_each_at_their_own_machine(site, proposal):
    before = bytes_of(site.trust)
    with pytest.raises(ReviewError, match="not signed by those who must"):
        apply_change(proposal, site.trust)
    # The newcomer has no trust folder.
    assert endorse_change(proposal, *site.key("eve")).missing == ()
    status = endorse_change(proposal, *site.key("ben"), trust=site.trust)
    assert status.signers == ("Ben Radiologist",)
    assert status.missing == ("2 other people who hold roles at that time must sign, got 1",)
    assert bytes_of(site.trust) == before
    status = endorse_change(proposal, *site.key("ada"), trust=site.trust)
    assert status.missing == ()
    assert read_change(proposal, trust=site.trust) == status
    assert "enrol Eve Newcomer (eve-newcomer) as qa" in status.change
    roster = apply_change(proposal, site.trust)
    assert roster == read_trust(site.trust)
    assert roster.person("eve-newcomer").role.value == "qa"
    assert roster.changes[0].record.reason == "she starts today"
    # The founding roster stays as it is; nothing but the change is new.
    assert bytes_of(site.trust).keys() - before.keys() == {"changes.jsonl"}
    assert bytes_of(site.trust)["roster.json"] == before["roster.json"]


def test_a_proposal_is_applied_once(site, proposal):
    for who in ("eve", "ben", "cleo"):
        endorse_change(proposal, *site.key(who), trust=site.trust)
    apply_change(proposal, site.trust)
    after = bytes_of(site.trust)
    with pytest.raises(ConflictError, match="changed since"):
        apply_change(proposal, site.trust)
    assert bytes_of(site.trust) == after


def test_of_two_proposals_the_second_is_told(site, proposal):
    for who in ("eve", "ben", "cleo"):
        endorse_change(proposal, *site.key(who))
    change_trust(site.trust, policy_with(site.trust, version="2", approvals=2), site.keys("ben", "cleo"))
    with pytest.raises(ConflictError) as caught:
        apply_change(proposal, site.trust)
    assert "propose the change again" in caught.value.hint
    with pytest.raises(ReviewError, match="roster changed since"):
        endorse_change(proposal, *site.key("ada"), trust=site.trust)
    policy = read_trust(site.trust).policy
    assert (policy.version, policy.approvals, policy.session_minutes) == ("2", 2, 15)


def test_who_is_not_on_the_roster_spoils_no_proposal(site, proposal):
    before = proposal.read_bytes()
    with pytest.raises(SigningKeyError, match="belongs to nobody"):
        endorse_change(proposal, *site.key("new"), trust=site.trust)
    assert proposal.read_bytes() == before
    # Without the trust folder nobody can tell; then the change is refused when it is applied.
    for who in ("eve", "ben", "cleo", "new"):
        endorse_change(proposal, *site.key(who))
    with pytest.raises(ReviewError, match="does not count"):
        apply_change(proposal, site.trust)


def test_a_proposal_altered_on_its_way_is_refused(site, proposal):
    for who in ("eve", "ben"):
        endorse_change(proposal, *site.key(who))
    signed = proposal.read_bytes()
    proposal.unlink()
    (site.folder / "mallory").mkdir()
    create_key(
        site.folder / "mallory" / "eve.pem", name="Eve Newcomer", role="radiologist", passphrase=PHRASE
    )
    propose_change(site.trust, enrolment(site.folder / "mallory" / "eve.person.json"), proposal)
    unsigned = proposal.read_bytes()
    # The signatures of one proposal under the payload of another.
    mixed = unsigned.split(b',"signatures"')[0] + b',"signatures"' + signed.split(b',"signatures"')[1]
    proposal.write_bytes(mixed)
    with pytest.raises(ReviewError, match="does not count"):
        apply_change(proposal, site.trust)
    proposal.write_bytes(signed.replace(b'"signatures"', b'"signatured"'))
    with pytest.raises(SidecarError):
        apply_change(proposal, site.trust)


@pytest.mark.parametrize(("hours", "message"), [(25, "more than 24 hours ago"), (-1, "time to come")])
def test_a_proposal_too_old_or_of_a_time_to_come_is_refused(site, hours, message):
    path = site.folder / "late.json"
    now = datetime.now().astimezone()
    change = policy_with(site.trust, version="2")
    propose_change(site.trust, change, path, keys=site.keys("ben", "cleo"), now=now - timedelta(hours=hours))
    with pytest.raises(ReviewError, match=message):
        apply_change(path, site.trust)
    assert not read_trust(site.trust).changes


def test_a_proposal_is_not_written_over_another_file(site, proposal):
    with pytest.raises(OutputExistsError):
        propose_change(site.trust, policy_with(site.trust, version="2"), proposal)


def test_an_impossible_change_is_not_even_proposed(site):
    path = site.folder / "change.json"
    with pytest.raises(ReviewError, match="somebody's"):
        propose_change(site.trust, enrolment(site.card("ben")), path)
    with pytest.raises(ReviewError, match="is annotator already"):
        propose_change(site.trust, change_of_role("ada-annotator", "annotator"), path)
    with pytest.raises(ReviewError, match="not on the roster"):
        rotation(site.trust, site.card("eve"))
    with pytest.raises(ReviewError, match="not on the roster"):
        revocation(site.trust, "nobody", why="lost")
    assert not path.exists()


def test_an_administrator_with_one_key_changes_nothing(site):
    before = bytes_of(site.trust)
    for change in (
        enrolment(site.card("eve")),
        change_of_role("ben-radiologist", "qa"),
        rotation(site.trust, site.card("new")),
        revocation(site.trust, "ada-annotator", why="compromised"),
        policy_with(site.trust, version="mine", approvals=1),
    ):
        # His own key, and that of a newcomer that he made himself.
        for keys in (site.keys("ben"), site.keys("ben", "eve"), site.keys("ben", "new")):
            with pytest.raises(ReviewError):
                change_trust(site.trust, change, keys)
    with pytest.raises(SigningKeyError, match="given twice"):
        change_trust(site.trust, policy_with(site.trust, version="2"), site.keys("ben", "ben"))
    assert bytes_of(site.trust) == before


def test_a_lost_key_is_revoked_and_replaced(site):
    yesterday = datetime.now().astimezone() - timedelta(days=1)
    change = revocation(site.trust, "ada-annotator", why="lost", from_=yesterday)
    change_trust(site.trust, change, site.keys("ben", "cleo"))
    roster = change_trust(site.trust, rotation(site.trust, site.card("new")), site.keys("new", "ben", "cleo"))
    lost, new = [key for key in roster.keys if key.person_id == "ada-annotator"]
    assert roster.revocation(lost.public_hex).from_ == yesterday
    assert roster.person("ada-annotator").public_hex == new.public_hex
    # The lost key is found by its digits, though it is not the latest.
    earlier = revocation(site.trust, lost.public_hex, why="lost", from_=yesterday - timedelta(days=1))
    assert change_trust(site.trust, earlier, site.keys("new")).revocation(lost.public_hex).from_ < yesterday


def test_a_role_is_changed_by_three(site):
    change = change_of_role("ada-annotator", "radiologist")
    roster = change_trust(site.trust, change, site.keys("ada", "ben", "cleo"))
    assert roster.person("ada-annotator").role.value == "radiologist"


def test_who_changes_the_folder_at_the_same_moment_is_told(site, monkeypatch):
    monkeypatch.setattr(exclusive.__wrapped__, "__kwdefaults__", {"wait_s": 0.0})
    before = bytes_of(site.trust)
    with exclusive(site.trust / "changes.jsonl"), pytest.raises(LockedError):
        change_trust(site.trust, policy_with(site.trust, version="2"), site.keys("ben", "cleo"))
    assert {n: b for n, b in bytes_of(site.trust).items() if not n.startswith(".")} == before


def test_of_many_changes_at_once_one_wins_and_the_others_are_told(site):
    proposals = []
    for number in range(6):
        path = site.folder / f"{number}.json"
        change = policy_with(site.trust, version=str(number))
        propose_change(site.trust, change, path, keys=site.keys("ben", "cleo"))
        proposals.append(path)

    def attempt(path: Path) -> str:
        try:
            return apply_change(path, site.trust).policy.version
        except ConflictError:
            return "told"

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(attempt, proposals))
    assert sorted(answers)[1:] == ["told"] * 5
    roster = read_trust(site.trust)
    assert (len(roster.changes), roster.policy.version) == (1, sorted(answers)[0])


def test_a_full_disk_leaves_the_folder_as_it_was(site, monkeypatch):
    change_trust(site.trust, policy_with(site.trust, version="2"), site.keys("ben", "cleo"))
    before = bytes_of(site.trust)

    def full(*_args, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(Exception, match="No space left"):
        change_trust(site.trust, policy_with(site.trust, version="3"), site.keys("ben", "cleo"))
    monkeypatch.undo()
    assert bytes_of(site.trust) == before


def test_a_trust_folder_is_never_founded_again(site):
    cards = [site.card(who) for who in ("ben", "cleo")]
    with pytest.raises(OutputExistsError):
        create_trust(site.trust, cards, site.keys("ben", "cleo"))
    # Nor is a new roster put under the changes of another one.
    change_trust(site.trust, policy_with(site.trust, version="2"), site.keys("ben", "cleo"))
    (site.trust / "roster.json").unlink()
    with pytest.raises(ReviewError, match="belongs to another roster"):
        create_trust(site.trust, cards, site.keys("ben", "cleo"))


def _checkpoint(site: Site, who: str = "ben", *, size: int = 1) -> bytes:
    trust = read_trust_and_checkpoints(site.trust)
    key = keys_module.load_key(site.key(who)[0].read_bytes(), PHRASE)
    made = next_checkpoint(
        trust.checkpoints,
        trust.roster,
        study="study",
        size=size,
        head="11" * 32,
        person_id=trust.roster.holder_of(key.public_hex).id,
        statements=(),
        at=datetime.now().astimezone(),
    )
    return seal_checkpoint(made, key)


def test_checkpoints_are_appended_one_after_the_other(site):
    first, twin = _checkpoint(site), _checkpoint(site, "ada")
    assert len(append_checkpoint(site.trust, first).all) == 1
    with pytest.raises(ConflictError, match="meanwhile"):
        append_checkpoint(site.trust, twin)
    assert len(append_checkpoint(site.trust, _checkpoint(site, "ada")).all) == 2
    assert len(read_trust_and_checkpoints(site.trust).checkpoints.all) == 2


def test_who_left_makes_no_checkpoint(site):
    change_trust(site.trust, revocation(site.trust, "ada-annotator", why="left"), site.keys("ada"))
    line = _checkpoint(site, "ada")
    with pytest.raises(ReviewError, match="this can't be a checkpoint"):
        append_checkpoint(site.trust, line)
    assert not (site.trust / "checkpoints.jsonl").exists()


def test_a_cut_tail_of_the_changes_is_found_by_a_checkpoint(site):
    change_trust(site.trust, revocation(site.trust, "ada-annotator", why="lost"), site.keys("ben", "cleo"))
    append_checkpoint(site.trust, _checkpoint(site))
    (site.trust / "changes.jsonl").unlink()
    assert len(read_trust(site.trust).people) == 3  # the chain alone does not tell
    with pytest.raises(ReviewError, match="cut off the end of changes"):
        read_trust_and_checkpoints(site.trust)


def test_a_change_made_while_the_folder_is_read_is_no_damage(site, monkeypatch):
    append_checkpoint(site.trust, _checkpoint(site))

    real = read_trust

    def slow(folder):
        roster = real(folder)
        monkeypatch.setattr("medseg.io.trust_folder.read_trust", real)
        change_trust(site.trust, policy_with(site.trust, version="2"), site.keys("ben", "cleo"))
        append_checkpoint(site.trust, _checkpoint(site))
        return roster

    monkeypatch.setattr("medseg.io.trust_folder.read_trust", slow)
    trust = read_trust_and_checkpoints(site.trust)
    assert (len(trust.roster.changes), len(trust.checkpoints.all)) == (0, 1)


def test_the_folder_is_shown(site):
    change_trust(site.trust, enrolment(site.card("eve")), site.keys("eve", "ben", "cleo"), reason="new here")
    change_trust(site.trust, rotation(site.trust, site.card("new")), site.keys("new", "ben", "cleo"))
    change_trust(site.trust, revocation(site.trust, "eve-newcomer", why="left"), site.keys("eve"))
    append_checkpoint(site.trust, _checkpoint(site, size=7))
    shown = show_trust(site.trust)
    ada, eve = shown.people[2:]
    assert [key.standing for key in ada.keys] == ["rotated", "current"]
    assert (ada.standing, eve.standing) == ("current", "revoked")
    assert shown.founders == ("Ben Radiologist", "Cleo Radiologist")
    assert sorted(shown.changes[0].signers) == ["Ben Radiologist", "Cleo Radiologist", "Eve Newcomer"]
    assert (shown.changes[0].reason, shown.changes[0].sha256) != ("", shown.digest)
    assert (shown.checkpoints[0].by, shown.checkpoints[0].size) == ("Ben Radiologist", 7)
    assert shown.as_dict()["roster_sha256"] == read_trust(site.trust).digest
    assert shown.as_dict()["people"][3]["keys"][0]["standing"] == "revoked"
    assert shown.remarks == ()


def test_a_passphrase_is_changed_and_the_key_stays(site):
    path, _ = site.key("ben")
    before = keys_module.load_key(path.read_bytes(), PHRASE).public_hex
    change_passphrase(path, PHRASE, "another one")
    assert keys_module.load_key(path.read_bytes(), "another one").public_hex == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    whole = path.read_bytes()
    with pytest.raises(SigningKeyError, match="wrong"):
        change_passphrase(path, PHRASE, "third")
    with pytest.raises(SigningKeyError, match="empty"):
        change_passphrase(path, "another one", "")
    assert path.read_bytes() == whole


def test_a_file_of_the_changes_that_is_too_large_is_refused(site, monkeypatch):
    monkeypatch.setattr("medseg.io.trust_folder.MAX_CHANGES_BYTES", 100)
    roster = read_trust(site.trust)
    change = policy_with(site.trust, version="2")
    data = trust_changes._proposed(roster, change, "", [], None)
    for who in ("ben", "cleo"):
        key = keys_module.load_key(site.key(who)[0].read_bytes(), PHRASE)
        data = trust_changes.endorse(trust_changes.read_proposal(data), key)
    with pytest.raises(Exception, match="is full"):
        append_change(site.trust, data)
    assert read_trust(site.trust) == roster
