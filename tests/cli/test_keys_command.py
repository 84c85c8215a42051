"""``medseg keys``: people at their own machines make, change and look at a trust folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from medseg.cli.main import main
from medseg.review import keys as keys_module

PEOPLE = [("ben", "Ben", "radiologist"), ("cleo", "Cleo", "radiologist"), ("ada", "Ada", "annotator")]


@pytest.fixture(scope="module", autouse=True)
def _quick_keys() -> Iterator[None]:
    """Stretch passphrases little: these tests open many keys, and none is worth guessing."""
    patch = pytest.MonkeyPatch()
    patch.setattr(keys_module, "KDF_ROUNDS", 1)
    yield
    patch.undo()


def run(*args: object, code: int = 0, **more: str) -> Result:
    result = CliRunner().invoke(main, [str(arg) for arg in args], **more)
    assert result.exit_code == code, result.output
    return result


def create(folder: Path, who: str, name: str, role: str) -> None:
    secret = folder / f"{who}.txt"
    secret.write_text(f"the phrase of {who}\n")
    run(
        "keys", "create", folder / f"{who}.pem", "--name", name, "--role", role,
        "--passphrase-file", secret,
    )  # fmt: skip


def keys(folder: Path, *who: str, option: str = "--key") -> list[object]:
    return [
        part
        for name in who
        for part in (option, folder / f"{name}.pem", "--passphrase-file", folder / f"{name}.txt")
    ]


@pytest.fixture
def site(tmp_path) -> Path:
    for who, name, role in PEOPLE:
        create(tmp_path, who, name, role)
    cards = [part for who, *_ in PEOPLE for part in ("--person", tmp_path / f"{who}.person.json")]
    run("keys", "trust", tmp_path / "trust", *cards, *keys(tmp_path, "ben", "cleo", option="--founder"))
    create(tmp_path, "eve", "Eve", "qa")
    return tmp_path


def shown(site: Path) -> dict:
    return json.loads(run("keys", "show", site / "trust", "--json").stdout)


def test_a_change_travels_from_one_to_the_next(site):
    change, trust = site / "change.json", site / "trust"
    made = run(
        "keys", "propose", "enrol", site / "eve.person.json", "--trust", trust, "--out", change,
        "--reason", "starts today", *keys(site, "ben"),
    )  # fmt: skip
    assert "still needed: the person whom it is about" in made.stdout
    run("keys", "endorse", change, *keys(site, "eve"))
    refused = run("keys", "apply", change, "--trust", trust, code=7)
    assert "2 other people" in refused.stderr
    done = run("keys", "endorse", change, "--trust", trust, *keys(site, "cleo"))
    assert "enrol Eve (eve) as qa, from " in done.stderr
    assert "signed by Ben" in done.stderr
    assert "still needed" not in done.stdout
    assert "enrol Eve" in run("keys", "apply", change, "--trust", trust).stdout
    assert [person["id"] for person in shown(site)["people"]] == ["ben", "cleo", "ada", "eve"]
    again = run("keys", "apply", change, "--trust", trust, code=11)
    assert "propose the change again" in again.stderr


def test_every_kind_of_change_in_one_step(site):
    trust = ["--trust", site / "trust", "--apply"]
    (site / "new").mkdir()
    create(site / "new", "ada", "Ada", "annotator")
    two = keys(site, "ben", "cleo")
    run("keys", "propose", "role", "ada", "radiologist", *trust, *two, *keys(site, "ada"))
    run("keys", "propose", "policy", "--version", "2", "--approvals", "2", *trust, *two)
    run(
        "keys", "propose", "revoke", "ada", "--why", "lost", "--from", "2026-03-04T12:00+01:00", *trust, *two,
    )  # fmt: skip
    run(
        "keys", "propose", "rotate", site / "new" / "ada.person.json", *trust, *two,
        *keys(site / "new", "ada"),
    )  # fmt: skip
    document = shown(site)
    assert document["policy"]["approvals"] == 2
    assert [key["standing"] for key in document["people"][2]["keys"]] == ["revoked", "current"]
    text = run("keys", "show", site / "trust").stdout
    for line in (
        "policy 2: 2 approvals, 1 reads, 15 minutes without a signature end a session",
        "Ada (ada), radiologist",
        "revoked: the key was revoked from 2026-03-04T12:00:00+01:00 (lost)",
        "change 4, ",
        f"roster sha256: {document['roster_sha256']}",
    ):
        assert line in text


def test_nobody_changes_the_trust_folder_alone(site):
    before = shown(site)
    for change in (
        ["role", "ben", "qa"],
        ["enrol", site / "eve.person.json"],
        ["revoke", "cleo", "--why", "left"],
        ["policy", "--version", "mine"],
    ):
        refused = run(
            "keys", "propose", *change, "--trust", site / "trust", "--apply", *keys(site, "ben"), code=7
        )
        assert "not signed by those who must" in refused.stderr
    assert shown(site) == before


@pytest.mark.parametrize("more", [[], ["--apply", "--out", "change.json"], ["--from", "yesterday"]])
def test_wrong_usage(site, more):
    run("keys", "propose", "revoke", "ada", "--why", "lost", "--trust", site / "trust", *more, code=2)


def test_as_many_passphrases_as_keys(site):
    change = ["keys", "propose", "policy", "--version", "2", "--trust", site / "trust", "--apply"]
    wrong = run(*change, *keys(site, "ben", "cleo")[:-2], code=2)
    assert "for each --key" in wrong.stderr


def test_a_time_without_a_zone_is_this_machines(site):
    trust = ["--trust", site / "trust", "--apply"]
    change = ["keys", "propose", "revoke", "ada", "--why", "lost", "--from", "2026-03-04T12:00"]
    run(*change, *trust, *keys(site, "ada"))
    assert "2026-03-04T12:00:00" in shown(site)["changes"][0]["text"]


def test_a_passphrase_is_changed(site):
    (site / "next.txt").write_text("next phrase\n")
    change = ["keys", "passphrase", site / "ben.pem", "--new-passphrase-file", site / "next.txt"]
    run(*change, "--passphrase-file", site / "ben.txt")
    assert "passphrase is wrong" in run(*change, "--passphrase-file", site / "ben.txt", code=7).stderr
    # By the prompt: the old one, the new one twice.
    answers = "next phrase\nthird\nthird\n"
    result = run("keys", "passphrase", site / "ben.pem", input=answers)
    assert "third" not in result.output
    assert keys_module.load_key((site / "ben.pem").read_bytes(), "third")


def test_an_altered_trust_folder_is_not_shown(site):
    run(
        "keys", "propose", "policy", "--version", "2", "--trust", site / "trust", "--apply",
        *keys(site, "ben", "ada"),
    )  # fmt: skip
    changes = site / "trust" / "changes.jsonl"
    changes.write_bytes(changes.read_bytes()[:-1])
    refused = run("keys", "show", site / "trust", "--json", code=4)
    assert json.loads(refused.stdout)["error"] == "SidecarError"
