"""Run commands as a user would, start-up included, in turn, and measure their time and memory."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SAMPLE_EVERY_S = 0.005
"""Memory is looked at this often, in a run of its own that is not timed."""


@dataclass(frozen=True)
class Timing:
    """Wall times of several rounds in seconds."""

    rounds_s: tuple[float, ...]

    @property
    def min_s(self) -> float:
        """The quickest round."""
        return min(self.rounds_s)

    @property
    def median_s(self) -> float:
        """The median round, which ratios are made of."""
        return statistics.median(self.rounds_s)


@dataclass(frozen=True)
class Job:
    """One command to be measured.

    Attributes:
        arguments: The command; ``{out}`` in it stands for a new, empty folder.
        answers: Exit codes that are no failure.
    """

    arguments: tuple[str, ...]
    answers: tuple[int, ...] = (0,)

    def run(self, out: Path) -> float:
        """Run once and return the wall time in seconds."""
        out.mkdir(parents=True)
        command = [argument.replace("{out}", str(out)) for argument in self.arguments]
        start = time.perf_counter()
        done = subprocess.run(command, capture_output=True, check=False, text=True)
        seconds = time.perf_counter() - start
        if done.returncode not in self.answers:
            raise SystemExit(f"{command[0]} failed with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return seconds

    def peak_mib(self, out: Path) -> float:
        """Run once more and return the most memory that it and its children held together."""
        out.mkdir(parents=True)
        command = [argument.replace("{out}", str(out)) for argument in self.arguments]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            watch = _Watch(process.pid)
            process.wait()
            return watch.stop()


def interleaved(
    jobs: Mapping[str, Callable[[Path], float]], work: Path, *, rounds: int
) -> tuple[dict[str, Timing], dict[str, Path]]:
    """Run each job in turn so that a busy moment hits all; before several rounds one more is not counted.

    Args:
        jobs: Name → what runs once into a folder and returns its seconds.
        work: Where outputs go; all but the last of each job are deleted before the next round.
        rounds: How often each is timed.

    Returns:
        Times, and the folder of each job's last output.
    """
    times: dict[str, list[float]] = {name: [] for name in jobs}
    outputs = {name: work / f"out_{number}" for number, name in enumerate(jobs)}
    warm_up = 1 if rounds > 1 else 0
    for number in range(warm_up + rounds):
        for name, run in jobs.items():
            shutil.rmtree(outputs[name], ignore_errors=True)
            os.sync()  # what others wrote is not to be written back in this one's time
            seconds = run(outputs[name])
            if number >= warm_up:
                times[name].append(seconds)
    return {name: Timing(tuple(values)) for name, values in times.items()}, outputs


def medseg_command() -> tuple[str, ...]:
    """The command as it is installed beside this Python."""
    installed = Path(sys.executable).parent / "medseg"
    return (str(installed),) if installed.exists() else (sys.executable, "-m", "medseg.cli.main")


def dcm2niix_command() -> tuple[str, ...]:
    """dcm2niix itself, without the Python script that the wheel puts before it."""
    import dcm2niix

    return (str(dcm2niix.bin),)


class _Watch:
    """Sums the proportional set size of a process and its descendants until it is stopped.

    What rusage says of a child starts at the size of the process that forked it, which is ours.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peak_mib = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        self._over.set()
        self._thread.join()
        return self._peak_mib

    def _look(self) -> None:
        while not self._over.wait(SAMPLE_EVERY_S):
            together = sum(_mib(pid, "smaps_rollup", "Pss:") for pid in _family([self._pid]))
            self._peak_mib = max(self._peak_mib, together, _mib(self._pid, "status", "VmHWM:"))


def _family(pids: Sequence[int]) -> list[int]:
    found = list(pids)
    for pid in found:  # grows while it is walked
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                found.extend(int(child) for child in children.read_text().split())
            except OSError:  # a thread that has just ended
                continue
    return found


def _mib(pid: int, file: str, field: str) -> float:
    try:
        lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    except OSError:  # a process that has just ended
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024
