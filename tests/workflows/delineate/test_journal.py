"""Each step goes to disk at once; what can't be written waits, and nobody who draws is stopped."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from drawn_history import ABOUT, GRID, LIVER, Kept, require_same_history
from medseg.contour import Contour
from medseg.errors import GridMismatchError, InputError, LockedError
from medseg.io import journal_thread as journal_module
from medseg.io.journal_file import JournalFile, as_line
from medseg.space import Grid
from medseg.workflows.delineate import found_journals, recover, take_up
from medseg.workflows.delineate.history import MAX_STEPS
from small_disk import run_on_read_only_disk, run_on_small_disk


@pytest.fixture
def kept(tmp_path):
    kept = Kept(tmp_path / "journals")
    yield kept
    kept.journal.close(discard=True)


@pytest.fixture
def impatient(monkeypatch):
    """Tries again soon."""
    monkeypatch.setattr(journal_module, "RETRY_S", 0.02)


@pytest.mark.parametrize("seed", range(5))
def test_a_history_comes_back_to_the_last_bit_and_can_be_undone(tmp_path, seed):
    kept = Kept(tmp_path, seed)
    kept.act(80)
    kept.die()
    found = kept.found()
    recovered = recover(found, GRID)
    require_same_history(recovered.history, kept.reader.history)
    assert recovered.about == ABOUT
    assert found.steps == max(kept.reader.history.position, 1)
    assert found.began <= found.ended
    assert kept.told == []


def test_what_undo_forgot_is_forgotten_in_the_journal_too(tmp_path):
    kept = Kept(tmp_path)
    history = kept.reader.history
    for n in range(MAX_STEPS + 20):
        kept.journal.append(history.do(str(n), replace(history.current, notes=(str(n),))))
    for _ in range(3):
        history.undo()
        kept.journal.moved_to(history.position)
    kept.die()
    found = recover(kept.found(), GRID).history
    assert (len(found.steps), found.position) == (MAX_STEPS, MAX_STEPS - 3)
    require_same_history(found, history)


def test_a_polygon_whose_last_point_is_its_first_stays_as_it_is(tmp_path):
    kept = Kept(tmp_path)
    history = kept.reader.history
    ring = np.array([(0, 0), (4, 0), (4, 4), (0, 0), (0, 0)], dtype=float)
    contour = Contour(GRID.plane(0, 1), ring, LIVER.id)
    assert np.array_equal(contour.points_mm[0], contour.points_mm[-1])
    kept.journal.append(history.do("draw", history.current.with_contours([contour])))
    kept.die()
    require_same_history(recover(kept.found(), GRID).history, history)


@pytest.mark.parametrize("cut", [1, 40, 400, 4000])
def test_of_a_torn_end_the_steps_before_it_come_back(tmp_path, cut):
    kept = Kept(tmp_path)
    kept.act(30)
    kept.die()
    path = kept.path
    path.write_bytes(path.read_bytes()[:-cut])
    found = kept.found()
    assert found.left == 0
    steps = recover(found, GRID).history.steps
    expected = kept.reader.history.steps
    assert [step.label for step in steps] == [step.label for step in expected[: len(steps)]]


def test_damage_in_the_middle_is_told(tmp_path):
    kept = Kept(tmp_path)
    kept.act(30)
    kept.die()
    path = kept.path
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:10], b"x", *lines[10:]]))
    assert kept.found().left == len(lines) - 10


def test_a_whole_record_that_means_nothing_ends_the_history(tmp_path):
    kept = Kept(tmp_path)
    kept.act(10)
    kept.die()
    file = JournalFile(kept.path)
    lines = kept.path.read_bytes()
    step = {"kind": "step", "label": "x", "at": "2026-01-01T00:00:00+00:00", "contours": [[0, 999]]}
    moved = {"kind": "moved", "at": "2026-01-01T00:00:00+00:00", "undone": 0}
    file.replace([lines, as_line(step), as_line(moved)])
    file.close(remove=False)
    found = kept.found()
    assert found.left == 2
    require_same_history(recover(found, GRID).history, kept.reader.history)


@pytest.mark.parametrize("seed", range(60))
def test_a_record_that_can_not_be_is_no_trap(tmp_path, seed):
    kept = Kept(tmp_path)
    kept.act(15)
    kept.die()
    random = np.random.default_rng(seed)
    lines = kept.path.read_bytes().splitlines(keepends=True)
    records = [json.loads(line[9:]) for line in lines]
    one = records[random.integers(len(records))]
    key = list(one)[random.integers(len(one))]
    # Whole, by its checksum, but not what this program writes.
    one[key] = [None, "", "x", -1, 10**9, 1.5, True, [], [[0, 99]], {}, [{}], {"a": 1}][random.integers(12)]
    file = JournalFile(kept.path)
    file.replace(map(as_line, records))
    file.close(remove=False)
    for found in found_journals(tmp_path):
        again = recover(found, GRID).history
        assert again.position <= len(again.steps) <= len(records)
        while again.undo():
            assert all(contour.points_mm.ndim == 2 for contour in again.current.contours)


def test_what_is_saved_is_not_offered_and_what_comes_after_it_is(tmp_path):
    kept = Kept(tmp_path / "journals")
    saved = tmp_path / "a_dseg.nii.gz"
    saved.write_bytes(b"label map")
    kept.act(10)
    kept.journal.saved(saved)
    kept.die()
    assert found_journals(kept.folder) == ()
    assert list(kept.folder.iterdir()) == [], "nothing unsaved: swept"

    kept = Kept(tmp_path / "journals")
    kept.act(10)
    kept.journal.saved(saved)
    history = kept.reader.history
    for n in range(2):
        kept.journal.append(history.do(str(n), replace(history.current, notes=(str(n),))))
    kept.die()
    found = kept.found()
    assert (found.steps, found.about.label_map, found.about.imports) == (2, saved, ())
    assert found.label_map_is_same
    saved.write_bytes(b"of another window")
    assert not found.label_map_is_same
    recovered = recover(found, GRID)
    assert recovered.moment.saved_as is recovered.history.steps[-3].after


def test_going_back_to_what_was_saved_leaves_nothing_to_offer(kept):
    history = kept.reader.history
    kept.journal.saved(kept.folder / "a.nii.gz")
    kept.journal.append(history.do("lock", replace(history.current, locked=frozenset({"liver"}))))
    history.undo()
    kept.journal.moved_to(history.position)
    kept.die()
    assert found_journals(kept.folder) == ()


def test_while_somebody_is_at_it_nobody_is_offered_it(kept):
    kept.act(5)
    assert found_journals(kept.folder) == ()
    other = _run(
        "import sys; from pathlib import Path; from medseg.workflows.delineate import found_journals\n"
        "print(len(found_journals(Path(sys.argv[1]))))",
        kept.folder,
    )
    assert other == "0"
    kept.die()
    assert kept.found().steps


def test_of_two_windows_one_takes_it_up(tmp_path):
    kept = Kept(tmp_path)
    kept.act(10)
    kept.die()
    found = kept.found()
    first, second = recover(found, GRID), recover(found, GRID)
    journal = take_up(found, first, told=kept.told.append)
    with pytest.raises(LockedError):
        take_up(found, second, told=kept.told.append)
    # It goes on in the same file.
    step = first.history.do("more", replace(first.history.current, notes=("more",)))
    journal.append(step)
    journal.close(discard=False)
    with pytest.raises(LockedError, match="took it up"):
        take_up(found, second, told=kept.told.append)
    require_same_history(recover(kept.found(), GRID).history, first.history)
    third = take_up(kept.found(), recover(kept.found(), GRID), told=kept.told.append)
    third.close(discard=True)
    with pytest.raises(LockedError):
        take_up(found, second, told=kept.told.append)
    with pytest.raises(InputError, match="can't be read"):
        recover(found, GRID)
    assert kept.told == []


def test_another_grid_or_image_is_refused(tmp_path):
    kept = Kept(tmp_path)
    kept.journal.is_about(replace(ABOUT, image_sha256="aa"))
    kept.act(3)
    kept.die()
    found = kept.found()
    moved = GRID.index_to_lps_mm.copy()
    moved[0, 3] += 0.1
    other = Grid(GRID.shape_kji, moved)
    with pytest.raises(GridMismatchError):
        recover(found, other)
    with pytest.raises(InputError, match="got another one"):
        recover(found, GRID, "bb")
    recover(found, GRID, "aa")
    recover(found, GRID, None)


def test_a_journal_of_another_version_stays_where_it_is(tmp_path):
    kept = Kept(tmp_path)
    kept.act(3)
    kept.die()
    path = kept.path
    lines = path.read_bytes().splitlines(keepends=True)
    first = json.loads(lines[0][9:])
    file = JournalFile(path)
    file.replace([as_line({**first, "schema": "medseg-drawing-journal/9"}), *lines[1:]])
    file.close(remove=False)
    assert found_journals(tmp_path) == ()
    assert path.exists()


def test_what_was_left_half_way_is_swept(kept):
    kept.act(1)
    left = kept.folder / f".0a1b2c3d.{kept.path.name}"
    left.write_bytes(b"half")
    lonely = kept.folder / ".0a1b2c3d.00112233445566aa.journal"
    lonely.write_bytes(b"half")
    foreign = kept.folder / "notes.txt"
    foreign.write_text("mine")
    found_journals(kept.folder)
    assert left.exists(), "somebody is at it"
    assert not lonely.exists()
    kept.die()
    kept.found()
    assert not left.exists()
    assert foreign.exists()


def test_a_folder_that_vanished_is_written_anew_whole(kept, impatient):
    kept.act(10)
    shutil.rmtree(kept.folder)
    kept.act(10)
    kept.die()
    require_same_history(recover(kept.found(), GRID).history, kept.reader.history)
    assert kept.told == []


def test_a_folder_that_can_not_be_is_told_once_and_written_when_it_can(kept, impatient):
    kept.act(10)
    shutil.rmtree(kept.folder)
    kept.folder.write_text("a file in its place")
    kept.act(10)
    kept.wait_for(1)
    kept.act(10)
    (error,) = kept.told
    assert "can't be written" in error.message
    assert error.hint
    assert not kept.journal.holds_everything
    kept.folder.unlink()
    kept.wait_for(2)
    assert kept.told[1] is None
    assert kept.journal.holds_everything
    kept.act(5)
    kept.die()
    require_same_history(recover(kept.found(), GRID).history, kept.reader.history)


def test_a_disk_that_runs_full_takes_the_rest_when_it_has_room(kept, impatient, monkeypatch):
    kept.act(10)
    room = threading.Event()
    write = os.write

    def full(descriptor, content):
        if room.is_set() or threading.current_thread().name != "medseg-journal":
            return write(descriptor, content)
        written = write(descriptor, content[: len(content) // 2]) if len(content) > 100 else 0
        if written:
            return written
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    before = kept.path.stat().st_size
    kept.act(10)
    kept.wait_for(1)
    assert "No space left" in kept.told[0].message
    # It tries again and again: between two tries nothing of a record is there.
    deadline = time.monotonic() + 10
    while kept.path.stat().st_size != before:
        assert time.monotonic() < deadline, "no torn record stays"
    room.set()
    kept.wait_for(2)
    kept.die()
    assert kept.told[1:] == [None]
    require_same_history(recover(kept.found(), GRID).history, kept.reader.history)


def test_a_share_that_hangs_stops_nobody_and_is_told(kept, monkeypatch):
    monkeypatch.setattr(journal_module, "HANGS_AFTER_S", 0.1)
    monkeypatch.setattr(journal_module, "SYNC_S", 0.05)
    answers = threading.Event()
    append = JournalFile.append

    def hanging(self, content):
        answers.wait()
        append(self, content)

    monkeypatch.setattr(JournalFile, "append", hanging)
    began = time.monotonic()
    kept.act(1)
    assert time.monotonic() - began < 1
    # It is told though nothing more is drawn.
    kept.wait_for(1)
    assert "does not answer" in kept.told[0].message
    began = time.monotonic()
    kept.act(50)
    assert time.monotonic() - began < 1, "who is told waits no more"
    answers.set()
    kept.wait_for(2)
    kept.die()
    require_same_history(recover(kept.found(), GRID).history, kept.reader.history)


def test_a_sync_that_fails_has_all_written_anew(kept, impatient, monkeypatch):
    monkeypatch.setattr(journal_module, "SYNC_S", 0.01)
    kept.act(5)
    inode = kept.path.stat().st_ino
    failing = [OSError(errno.EIO, "Input/output error")]

    def sync(_self):
        if failing:
            raise failing.pop()

    monkeypatch.setattr(JournalFile, "sync", sync)
    kept.act(1)
    kept.wait_for(2)
    assert "Input/output error" in kept.told[0].message
    assert kept.told[1] is None
    assert kept.path.stat().st_ino != inode
    kept.die()
    require_same_history(recover(kept.found(), GRID).history, kept.reader.history)


def test_a_journal_that_grew_is_written_anew(kept, monkeypatch):
    kept.journal._thread._large_from = 1
    monkeypatch.setattr(journal_module, "SMALL_BYTES", 1 << 20)
    inode = kept.path.stat().st_ino
    kept.act(5)
    assert kept.path.stat().st_ino != inode
    kept.act(20)
    kept.die()
    require_same_history(recover(kept.found(), GRID).history, kept.reader.history)


FULL = """
import sys
from pathlib import Path
from medseg.io import journal_thread as journal
from medseg.workflows.delineate import found_journals, recover
from drawn_history import GRID, Kept, require_same_history
journal.RETRY_S = 0.02
folder = Path(sys.argv[1])
kept = Kept(folder / "journals")
kept.act(5)
ballast = folder / "ballast"
with ballast.open("wb", buffering=0) as file:
    try:
        while True:
            file.write(bytes(4096))
    except OSError:
        pass
kept.act(40)
kept.wait_for(1)
assert "No space left" in kept.told[0].message, kept.told
torn = found_journals(folder / "journals")
ballast.unlink()
kept.wait_for(2)
kept.act(5)
kept.die()
assert len(kept.told) == 2
require_same_history(recover(kept.found(), GRID).history, kept.reader.history)
print("all there")
"""


def test_a_real_disk_that_runs_full(tmp_path):
    done = run_on_small_disk(tmp_path, 400, FULL, tmp_path)
    assert (done.stdout.strip(), done.stderr) == ("all there", "")


READ_ONLY = """
import sys
from pathlib import Path
from medseg.workflows.delineate import found_journals, recover, take_up
from drawn_history import GRID, Kept, require_same_history
folder = Path(sys.argv[1])
(found,) = found_journals(folder)
recovered = recover(found, GRID)
told = []
journal = take_up(found, recovered, told=told.append)
journal.append(recovered.history.do("more", recovered.history.current))
while not told:
    pass
journal.close(discard=False)
print(len(recovered.history.steps), told[0].message, bool(told[0].hint))
"""


def test_from_a_disk_that_can_only_be_read_work_comes_back_all_the_same(tmp_path):
    kept = Kept(tmp_path)
    kept.act(20)
    kept.die()
    done = run_on_read_only_disk(tmp_path, READ_ONLY, tmp_path)
    count, *words = done.stdout.split(maxsplit=1)
    assert done.stderr == ""
    assert int(count) == len(kept.reader.history.steps) + 1
    assert words[0].startswith("what you draw can't be written to the journal: ")
    assert words[0].strip().endswith("True")
    kept.found()


def _run(script, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
