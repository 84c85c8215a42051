"""The bundle on disk, its lock, and the files of keys."""

from __future__ import annotations

import os

import pytest

from medseg.errors import LockedError, OutputError, OutputExistsError, SidecarError, SigningKeyError
from medseg.io import sign_off_file
from medseg.io.file_lock import exclusive
from medseg.io.sign_off_file import append_statement, read_sign_off
from medseg.io.trust_folder import read_key, read_person, read_trust, write_key


def test_statements_are_appended(tmp_path):
    path = tmp_path / "case.intoto.jsonl"
    assert read_sign_off(path) == b""
    append_statement(path, b"one", after=b"")
    append_statement(path, b"two", after=b"one\n")
    assert read_sign_off(path) == b"one\ntwo\n"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("meanwhile", [b"one\ntwo\n", b"", b"other\n"])
def test_nothing_is_appended_when_somebody_signed_meanwhile(tmp_path, meanwhile):
    path = tmp_path / "case.intoto.jsonl"
    path.write_bytes(meanwhile)
    with pytest.raises(LockedError, match="somebody signed meanwhile"):
        append_statement(path, b"mine", after=b"one\n")
    assert path.read_bytes() == meanwhile


def test_of_two_first_statements_one_wins(tmp_path, monkeypatch):
    path = tmp_path / "case.intoto.jsonl"
    # As if both had read before either wrote, without the lock.
    monkeypatch.setattr(sign_off_file, "read_sign_off", lambda path: b"")
    append_statement(path, b"one", after=b"")
    with pytest.raises(OutputExistsError):
        append_statement(path, b"two", after=b"")
    assert path.read_bytes() == b"one\n"


def test_a_bundle_of_no_honest_size(tmp_path, monkeypatch):
    monkeypatch.setattr(sign_off_file, "MAX_SIGN_OFF_BYTES", 6)
    path = tmp_path / "case.intoto.jsonl"
    append_statement(path, b"one", after=b"")
    with pytest.raises(SidecarError, match="exceed"):
        append_statement(path, b"two", after=b"one\n")
    path.write_bytes(b"1234567")
    with pytest.raises(SidecarError, match="at most 6 bytes"):
        read_sign_off(path)


def test_a_bundle_that_is_a_folder(tmp_path):
    with pytest.raises(SidecarError):
        read_sign_off(tmp_path)


def test_a_failed_write_leaves_the_bundle_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "case.intoto.jsonl"
    append_statement(path, b"one", after=b"")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        append_statement(path, b"two", after=b"one\n")
    assert path.read_bytes() == b"one\n"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_the_lock_is_told_and_freed(tmp_path):
    path = tmp_path / "case"
    with exclusive(path), pytest.raises(LockedError, match="at this moment"), exclusive(path, wait_s=0.05):
        pytest.fail("two held the lock")
    with exclusive(path, wait_s=0):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_lock_left_by_a_dead_process_holds_nobody_up(tmp_path):
    (tmp_path / ".case.lock").touch()
    with exclusive(tmp_path / "case", wait_s=0):
        pass


def test_a_lock_in_no_folder(tmp_path):
    with pytest.raises(OutputError, match="could not lock"), exclusive(tmp_path / "no" / "case"):
        pytest.fail("not reached")


def test_keys_are_written_for_their_owner_alone(tmp_path):
    path = tmp_path / "ada.pem"
    write_key(path, b"secret")
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(OutputExistsError):
        write_key(path, b"other")
    assert path.read_bytes() == b"secret"


@pytest.mark.parametrize("data", [b"", b"\xff" * 100, b"[" * 60_000, b"{}", b"x" * 70_000])
def test_hostile_files_are_refused(tmp_path, data):
    path = tmp_path / "roster.json"
    path.write_bytes(data)
    with pytest.raises(SidecarError):
        read_trust(tmp_path)
    with pytest.raises(SidecarError):
        read_person(path)
    with pytest.raises((SigningKeyError, SidecarError)):
        read_key(path, "x")
