"""A file of checked lines: what was written is whole or not there, however the writing ended."""

from __future__ import annotations

import os
import stat

import pytest

from medseg.errors import LockedError
from medseg.io.journal_file import JournalFile, as_line, read_journal

RECORDS = tuple({"n": n, "text": "é" * n} for n in range(5))
LINES = [as_line(record) for record in RECORDS]
CONTENT = b"".join(LINES)


@pytest.fixture
def file(tmp_path):
    file = JournalFile(tmp_path / "private" / "x.journal")
    yield file
    file.close(remove=False)


def test_what_was_written_is_read_back(file):
    file.replace(LINES[:2])
    file.append(b"".join(LINES[2:]))
    reading = read_journal(file.path)
    assert reading.records == RECORDS
    assert (reading.whole_bytes, reading.lost_lines) == (len(CONTENT), 0)
    assert file.size_bytes == len(CONTENT) == file.path.stat().st_size


@pytest.mark.parametrize("cut", range(len(CONTENT) + 1))
def test_cut_off_anywhere_the_whole_lines_are_read(tmp_path, cut):
    path = tmp_path / "x.journal"
    path.write_bytes(CONTENT[:cut])
    reading = read_journal(path)
    whole = CONTENT[:cut].count(b"\n")
    assert reading.records == RECORDS[:whole]
    assert reading.whole_bytes == len(b"".join(LINES[:whole]))
    assert reading.lost_lines == 0


@pytest.mark.parametrize("at", range(len(LINES[0]), len(LINES[0] + LINES[1])))
def test_nothing_after_a_flipped_byte_is_trusted(tmp_path, at):
    path = tmp_path / "x.journal"
    damaged = bytearray(CONTENT)
    damaged[at] ^= 1
    path.write_bytes(damaged)
    reading = read_journal(path)
    assert reading.records == RECORDS[:1]
    assert reading.lost_lines == damaged.count(b"\n") - 1


def test_zeros_at_the_end_as_a_loss_of_power_leaves_them_are_no_record(tmp_path):
    path = tmp_path / "x.journal"
    path.write_bytes(CONTENT + bytes(4096))
    assert read_journal(path).records == RECORDS


def test_a_line_that_holds_no_object_is_damage(tmp_path):
    path = tmp_path / "x.journal"
    path.write_bytes(LINES[0] + as_line([1, 2]) + LINES[1])
    assert (read_journal(path).records, read_journal(path).lost_lines) == (RECORDS[:1], 2)


def test_a_write_that_fails_half_way_leaves_whole_lines(file, monkeypatch):
    file.replace(LINES[:1])
    write = os.write

    def half(descriptor, content):
        if len(content) < 20:
            raise OSError(28, "No space left on device")
        return write(descriptor, content[: len(content) // 2])

    monkeypatch.setattr(os, "write", half)
    monkeypatch.setattr(os, "ftruncate", _broken)
    with pytest.raises(OSError, match="No space"):
        file.append(LINES[1])
    torn = file.path.read_bytes()
    assert len(torn) > len(LINES[0])
    assert read_journal(file.path).records == RECORDS[:1]
    monkeypatch.undo()
    file.append(LINES[1] + LINES[2])
    assert read_journal(file.path).records == RECORDS[:3]


def _broken(_descriptor, _length):
    raise OSError(5, "Input/output error")


def test_a_file_that_was_removed_or_exchanged_is_not_there(file):
    assert not file.is_there
    file.replace(LINES)
    assert file.is_there
    file.path.rename(file.path.with_name("moved"))
    assert not file.is_there
    file.path.write_bytes(CONTENT)
    assert not file.is_there
    file.replace(LINES)
    assert file.is_there


def test_one_writes_and_the_lock_goes_with_the_file(file):
    file.replace(LINES)
    with pytest.raises(LockedError):
        JournalFile(file.path).hold()
    file.close(remove=True)
    assert list(file.path.parent.iterdir()) == []


def test_the_lock_is_taken_again_in_a_folder_that_came_back(file):
    file.replace(LINES)
    file.path.parent.rename(file.path.parent.with_name("away"))
    file.replace(LINES)
    assert file.is_there
    with pytest.raises(LockedError):
        JournalFile(file.path).hold()


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_folder_and_file_are_for_their_owner_alone(file):
    file.replace(LINES)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700


def test_sync_before_and_after_the_file_is_there(file):
    file.sync()
    file.replace(LINES)
    file.sync()
