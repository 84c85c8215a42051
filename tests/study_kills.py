"""Kill a use case of a study before each of its steps on the disk: kill -9, again and again.

A program of its own forks for each kill, so that its keys are opened and its modules imported once. Each kill
happens on a fresh copy of the study.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.engine.default import DefaultDialect

from medseg.workflows import study as use
from study_cases import CASE, StudySite

STEPS = frozenset(
    {"os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "open", "shutil.copyfile"}
)
"""What Python tells before it does it (PEP 578), as far as it changes a disk."""


@dataclass(frozen=True)
class Killed:
    """One kill.

    Attributes:
        step: Before which step.
        site: The study as it was left.
    """

    step: str
    site: StudySite


def save(site: StudySite) -> None:
    """Save the working copy of Ada as a revision."""
    files = site.study.folder.work(CASE, "ada")
    use.save_revision(site.study, site.who("ada"), CASE, files.nifti)


def submit(site: StudySite) -> None:
    """Sign as Ada."""
    site.step("ada", "submitted")


def approve(site: StudySite) -> None:
    """Sign as Ben; where it supersedes another revision, twice."""
    site.step("ben", "approved")


def amend(site: StudySite) -> None:
    """Open for a new revision."""
    site.step("ben", "amended", reason="more")


def add(site: StudySite) -> None:
    """Add a case, counted."""
    site.add(None)


def check_out(site: StudySite) -> None:
    """Check out as Ada."""
    use.check_out(site.study, site.who("ada"), CASE)


def checkpoint(site: StudySite) -> None:
    """Make a checkpoint as Dora."""
    use.make_checkpoint(site.study, site.who("dora"))


OPERATIONS: dict[str, Callable[[StudySite], None]] = {
    one.__name__: one for one in (save, submit, approve, amend, add, check_out, checkpoint)
}


def kill_at_each_step(site: StudySite, operation: str, folder: Path, *, until: str = "done") -> list[Killed]:
    """Kill a use case before each of its steps, each time on a copy of the study.

    Args:
        site: The study, which stays as it is.
        operation: One of :data:`OPERATIONS`.
        folder: Where the copies go.
        until: The kill after which no other follows, once it changed the study; else it goes on to an
            undisturbed end.

    Returns:
        One for each kill, in order.
    """
    site.study.close()
    done = subprocess.run(
        [
            *(sys.executable, "-W", "error", __file__),
            *(str(site.path), str(site.keys), operation, str(folder), until),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    steps = json.loads(done.stdout)
    if until == "done":
        steps.pop()
    return [
        Killed(step, StudySite(folder / str(number) / "study", site.keys))
        for number, step in enumerate(steps, start=1)
    ]


def _main() -> None:
    study, keys, operation, folder, until = sys.argv[1:]
    acts = OPERATIONS[operation]
    first = StudySite(Path(study), Path(keys))
    for person in ("ada", "ben", "cory", "dora"):
        first.who(person)
    steps: list[str] = []
    # The first commit of each use case ends a look at the database.
    while steps.count(until) < (1 if until == "done" else 2):
        number = len(steps) + 1
        parent = Path(folder) / str(number)
        shutil.copytree(study, parent / "study")
        if (phantom := Path(study).parent / "phantom.nii.gz").exists():
            shutil.copy(phantom, parent)
        copy = StudySite(parent / "study", Path(keys), _who=first._who)
        steps.append(_killed_before(number, acts, copy, parent))
    print(json.dumps(steps))  # noqa: T201 - what the test reads


def _killed_before(number: int, acts: Callable[[StudySite], None], site: StudySite, folder: Path) -> str:
    """Run in a child and kill it before a step; which one it was."""
    told = folder / "step"
    child = os.fork()
    if child == 0:
        _arm(number, told)
        acts(site)
        told.write_text("done")
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return told.read_text()
    assert status == 0, status
    return "done"


def _arm(number: int, told: Path) -> None:
    """Kill this process before its n-th step."""
    left = number
    inside = False

    def step(what: str) -> None:
        nonlocal left, inside
        left -= 1
        if left == 0:
            inside = True
            told.write_text(what)
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if inside or event not in STEPS or (event == "open" and not _writes(arguments)):
            return
        if event == "open" and str(arguments[0]) == str(told):
            return
        step(f"{event} {Path(str(arguments[0])).name}")

    commit = DefaultDialect.do_commit

    def told_commit(self: Any, connection: Any) -> None:
        if not inside:
            step("commit")
        commit(self, connection)
        if not inside:
            step("after commit")

    sys.addaudithook(hook)
    DefaultDialect.do_commit = told_commit  # type: ignore[method-assign]


def _writes(arguments: tuple[Any, ...]) -> bool:
    _, mode, flags = arguments
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return bool(flags & (os.O_WRONLY | os.O_RDWR))


if __name__ == "__main__":
    _main()
