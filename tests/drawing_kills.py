"""Kill a drawing session at random moments: kill -9, again and again, and look what its journal holds.

A program of its own forks for each kill, so that its modules are imported and its loops compiled once. The
session is that of a random reader, the same each time; it tells each step after it was done.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

SESSION_SEED = 7
SAVES_EACH = 40

LONGEST_WAIT_S = 0.02
"""After a step the kill waits up to this long: as long as a step and its record take, or a few."""

BEYOND = 40
"""Steps that a session may go on for meanwhile."""


@dataclass(frozen=True)
class Killed:
    """One kill.

    Attributes:
        told: How many steps were done, as the session told.
        recovered: How many the journal led back to; None where nothing was offered, as all was saved.
        saved: Whether all was saved after the steps that were told, or after the one that was going on.
        torn: How many bytes of a record that was being written the journal ended with.
    """

    told: int
    recovered: int | None
    saved: bool
    torn: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing is lost but what was going on."""
        if self.recovered is None:
            return self.saved
        return self.recovered in (self.told, self.told + 1)


def kill_sessions(folder: Path, kills: int, steps: int, seed: int) -> list[Killed]:
    """Kill sessions at random moments: within the first so many steps.

    Args:
        folder: Where the journals go.
        kills: How many.
        steps: How many of them a session has done at most, but for those of the last moment.
        seed: Of the moments.
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", __file__, str(folder), str(kills), str(steps), str(seed)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    return [Killed(**one) for one in json.loads(done.stdout)]


class Digests:
    """One digest for a history: its steps, what each led to, and how many are done."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[object, str]] = {}

    def of(self, history) -> str:
        states = [history.start, *(step.after for step in history.steps)]
        words = [self._of_one(state) for state in states]
        words += [step.label for step in history.steps]
        return _sha256("\n".join([*words, str(history.position)]).encode())

    def _of_one(self, state) -> str:
        known = self._known.get(id(state))
        if known is None:
            parts = [repr((state.structures, sorted(state.locked), state.notes, sorted(state.completed)))]
            parts += [
                f"{c.structure_id} {c.hole} {c.origin} {c.points_mm.tobytes().hex()} "
                f"{c.plane.origin_lps_mm.tobytes().hex()}"
                for c in state.contours
            ]
            parts += [layer.tobytes().hex() for layer in (state.voxels.layers if state.voxels else ())]
            known = self._known[id(state)] = (state, _sha256("\n".join(parts).encode()))
        return known[1]


def _session(steps: int, done: Callable[[object], None], *, journal: bool) -> None:
    """Draw so many steps; ``done`` is called with the case after each."""
    from napari_medseg.journaling import CaseJournal
    from random_workbench import RandomWorkbench

    reader = RandomWorkbench(SESSION_SEED)
    case, saves = reader.case, random.Random(SESSION_SEED)
    kept = CaseJournal(case, lambda _error: os.abort()) if journal else None
    count = 0

    def tell(*_what: object) -> None:
        nonlocal count
        count += 1
        done(case)

    done(case)
    case.subscribe_to_steps(tell)
    while count < steps:
        reader.act()
        if saves.random() < 1 / SAVES_EACH and not case.is_locked:
            case.mark_saved(Path("tumour_dseg.nii.gz"))
            tell()
    if kept is not None:
        kept.end()


def _main() -> None:
    folder, kills, steps, seed = Path(sys.argv[1]), *map(int, sys.argv[2:])
    digests, expected, saved = Digests(), [], []

    def note(case) -> None:
        expected.append(digests.of(case.history))
        saved.append(case.saved)

    _session(steps + BEYOND, note, journal=False)
    moments = random.Random(seed)
    outcomes = []
    for number in range(kills):
        place = folder / str(number)
        after = moments.randrange(steps), moments.uniform(0, LONGEST_WAIT_S)
        outcomes.append(asdict(_look(place, _kill(place, steps, *after), expected, saved, digests)))
    print(json.dumps(outcomes))  # noqa: T201 - what the test reads


def _kill(folder: Path, steps: int, after_step: int, after_s: float) -> int:
    """Run a session in a child and kill it, so long after it told a step: how many steps it told."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.environ["MEDSEG_STATE"] = str(folder)
        left = steps + BEYOND

        def tell(_case: object) -> None:
            nonlocal left
            os.write(writing, b".")
            left -= 1
            if left == 0:
                # It never ends by itself: each of these is killed.
                signal.pause()

        _session(steps + BEYOND, tell, journal=True)
        os._exit(1)
    os.close(writing)
    told = b""
    while len(told) <= after_step:
        more = os.read(reading, 1)
        assert more, "the session ended by itself"
        told += more
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    while more := os.read(reading, 1 << 16):
        told += more
    os.close(reading)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status), status
    return len(told) - 1


def _look(folder: Path, told: int, expected: list[str], saved: list[bool], digests: Digests) -> Killed:
    """What the next start finds."""
    from medseg.io.journal_file import read_journal
    from medseg.workflows.delineate import found_journals, recover

    torn = 0
    for path in (folder / "journals").glob("*.journal"):
        if not path.name.startswith("."):
            torn += path.stat().st_size - read_journal(path).whole_bytes
    found = found_journals(folder / "journals")
    is_saved = any(saved[told : told + 2])
    if not found:
        return Killed(told, None, is_saved, torn)
    history = recover(found[0], found[0].about.grid).history
    digest = digests.of(history)
    # Of equal ones, which undo and redo lead back to, the one that was meant.
    near = [n for n in (told, told + 1) if expected[n : n + 1] == [digest]]
    same = near or [n for n, one in enumerate(expected) if one == digest]
    return Killed(told, same[0] if same else -1, is_saved, torn)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    _main()
