"""Whole files or none."""

from __future__ import annotations

import pytest

from medseg.errors import OutputError, OutputExistsError
from medseg.io.atomic import whole_file, write_whole


def test_a_failure_leaves_the_old_file_and_no_temporary_one(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")

    def write_half():
        with whole_file(target, overwrite=True) as temporary:
            temporary.write_text("half")
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        write_half()
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_file_that_appears_meanwhile_is_not_replaced(tmp_path):
    target = tmp_path / "a.txt"

    def write_late():
        with whole_file(target) as temporary:
            temporary.write_text("ours")
            target.write_text("theirs")

    with pytest.raises(OutputExistsError):
        write_late()
    assert target.read_text() == "theirs"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path, monkeypatch):
    def fail(self, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", fail)
    with pytest.raises(OutputError, match="No space left on device"):
        write_whole(tmp_path / "a.txt", b"x")
    assert list(tmp_path.iterdir()) == []


def test_overwriting_replaces_in_one_step(tmp_path):
    write_whole(tmp_path / "a.txt", b"1")
    write_whole(tmp_path / "a.txt", b"2", overwrite=True)
    assert (tmp_path / "a.txt").read_bytes() == b"2"
