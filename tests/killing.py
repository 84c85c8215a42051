"""Kill a batch conversion at a random moment, again and again, until a run comes to its end."""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from conversion_cases import command, left_in_work, require_manifest, require_whole, run, tree


@dataclass(frozen=True)
class Killed:
    """One run that was killed.

    Attributes:
        after_s: When.
        images: How many images had their final names by then.
        scratch: How many unfinished files it left in its scratch folder.
        is_ended: Whether it had come to its end before it could be killed.
    """

    after_s: float
    images: int
    scratch: int
    is_ended: bool


@dataclass(frozen=True)
class Batch:
    """A tree of series, and what an uninterrupted run of it writes.

    Attributes:
        final: Content of each file, by path.
        seconds: How long that run took.
    """

    source: Path
    final: dict[str, bytes]
    seconds: float


def measured_batch(source: Path, out: Path, *options: object) -> Batch:
    """Convert a tree without interruption."""
    begun = time.monotonic()
    done = run("convert", source, out, *options)
    assert (done.returncode, done.stderr) == (0, "")
    require_manifest(out)
    return Batch(source, tree(out), time.monotonic() - begun)


def kill_once(batch: Batch, out: Path, after_s: float, *options: object) -> Killed:
    """Start the conversion, kill all its processes at once, and look at what it left."""
    with subprocess.Popen(
        command("convert", batch.source, out, *options),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            process.wait(after_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        said = process.communicate()[1]
    assert process.returncode in (0, -signal.SIGKILL), said
    wait_until_gone(process.pid)
    images = require_whole(out, batch.final)
    return Killed(after_s, len(images), len(left_in_work(out)), process.returncode == 0)


def kill_until_done(
    batch: Batch, out: Path, times: int, chance: random.Random, *options: object
) -> list[Killed]:
    """Kill a conversion so many times, in new folders where one came to its end, and complete each.

    Every folder is completed by one undisturbed run, and must then be what an uninterrupted run wrote.
    """
    kills: list[Killed] = []
    folders = (out / str(number) for number in itertools.count())
    folder = next(folders)
    while len(kills) < times:
        killed = kill_once(batch, folder, chance.uniform(0.0, batch.seconds), *options)
        if not killed.is_ended:
            kills.append(killed)
        # A new folder now and then: a batch that goes on has less to do each time.
        if killed.is_ended or chance.random() < 0.5:
            complete(batch, folder)
            folder = next(folders)
    complete(batch, folder)
    return kills


def complete(batch: Batch, out: Path) -> None:
    """Run to the end, and compare with an uninterrupted run."""
    done = run("convert", batch.source, out)
    assert (done.returncode, done.stderr) == (0, "")
    assert tree(out) == batch.final
    assert left_in_work(out) == []
    require_manifest(out)


def wait_until_gone(session: int, patience_s: float = 10.0) -> None:
    """Wait until no process of a session is left.

    Raises:
        AssertionError: Some stay.
    """
    deadline = time.monotonic() + patience_s
    while found := processes_of(session):
        assert time.monotonic() < deadline, [process.cmdline() for process in found]
        time.sleep(0.02)


def processes_of(session: int) -> list[psutil.Process]:
    """The processes of a session that are alive; one that is dead and not yet buried is not."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.NoSuchProcess, ProcessLookupError, PermissionError):
            continue
    return found
