"""Faults of the disk below a use case of a study: each system call in turn is the last one, or fails.

What Python does not see is counted here too, such as SQLite's own writes. A small library, compiled by the
test and loaded before libc, counts and fails them. A program of its own forks for each fault, on a fresh copy
of the study, so that its keys are opened and its modules imported once.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from medseg.errors import MedsegError
from medseg.workflows import study as use
from medseg.workflows.trust_changes import change_of_role, change_trust
from study_cases import CASE, PASSPHRASE, StudySite
from study_kills import OPERATIONS

SOURCE = Path(__file__).with_name("fault_injection.c")


class Fault(Enum):
    """What happens at a system call; numbers as the library knows them."""

    KILL = 1
    KILL_HALFWAY = 2
    FULL = errno.ENOSPC
    BROKEN = errno.EIO


def release(site: StudySite) -> None:
    """Sign as Dora."""
    site.step("dora", "released")


def comment(site: StudySite) -> None:
    """Say something."""
    use.add_comment(site.study, site.who("ben"), CASE, "the hilum")


def export(site: StudySite) -> None:
    """Let what is approved leave."""
    use.export_dataset(site.study, site.who("dora"), site.path.parent / "dataset")


def repair(site: StudySite) -> None:
    """Put right what a kill left."""
    use.check_study(site.study, repair=True)


def change_people(site: StudySite) -> None:
    """Another role for Abe."""
    signers = [(site.key(person), PASSPHRASE) for person in ("abe", "ben", "dora")]
    change_trust(site.trust, change_of_role("abe", "coordinator"), signers)


ALL_OPERATIONS: dict[str, Callable[[StudySite], None]] = {
    **OPERATIONS,
    **{one.__name__: one for one in (release, comment, export, repair, change_people)},
}


def _drawn(site: StudySite) -> None:
    site.add()
    site.assign("ada")
    site.draw("ada")


def _saved(site: StudySite) -> None:
    _drawn(site)
    ALL_OPERATIONS["save"](site)


def _approved(site: StudySite) -> None:
    _saved(site)
    site.step("ada", "submitted")
    site.step("ben", "approved")


def _amended(site: StudySite) -> None:
    _approved(site)
    site.step("ben", "amended", reason="more")
    site.save("ada", size=2)
    site.step("ada", "submitted")


STORIES: dict[str, Callable[[StudySite], Any]] = {
    "save": _drawn,
    "submit": _saved,
    "approve": _amended,
    "amend": _approved,
    "release": _approved,
    "add": StudySite.add,
    "check_out": _saved,
    "checkpoint": _approved,
    "comment": _saved,
    "export": _approved,
    "change_people": _saved,
}
"""What happened before each of the use cases that write."""

HARMLESS = {"left-over", "bundle-behind"}
"""What a program that died may leave: files that nothing names, and a bundle older than the database."""


@dataclass(frozen=True)
class Struck:
    """One fault.

    Attributes:
        number: At which system call.
        ended: ``killed``, ``done``, or the name of a typed error.
        site: The study as it was left.
    """

    number: int
    ended: str
    site: StudySite


def strike(site: StudySite, operation: str, fault: Fault, folder: Path, *, each: int = 1) -> Iterator[Struck]:
    """Run a use case again and again, each time with a fault at another system call.

    Args:
        site: The study, which stays as it is.
        operation: One of :data:`ALL_OPERATIONS`.
        fault: What happens. A disk that is full or broken stays so until the use case has ended.
        folder: Where the copies go; each is removed when the next one is looked at.
        each: 1 for a fault at every call; 5 for every fifth, the first and the last among them.
    """
    site.study.close()
    done = subprocess.run(
        [
            *(sys.executable, "-W", "error", __file__),
            *(str(site.path), str(site.keys), operation, str(fault.value), str(folder), str(each)),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "LD_PRELOAD": str(_library()),
        },
    )
    assert done.returncode == 0, done.stderr
    for number, ended in json.loads(done.stdout):
        left = StudySite(folder / str(number) / "study", site.keys)
        yield Struck(number, ended, left)
        left.study.close()
        shutil.rmtree(folder / str(number))


@dataclass(frozen=True)
class Outcome:
    """What came of one fault.

    Attributes:
        ended: As of :class:`Struck`.
        is_new: Whether the study changed.
    """

    ended: str
    is_new: bool


def strike_and_look(
    site: StudySite, operation: str, fault: Fault, folder: Path, *, each: int
) -> list[Outcome]:
    """Strike, and look at each study that is left: old or new, whole, and the work goes on.

    Raises:
        AssertionError: It is not.
    """
    STORIES[operation](site)
    before = _Told.of(site)
    outcomes = []
    for struck in strike(site, operation, fault, folder, each=each):
        left, where = struck.site, (operation, fault.name, struck.number, struck.ended)
        after = _Told.of(left)
        outcomes.append(Outcome(struck.ended, after != before))
        damages = [one for one in use.check_study(left.study).damages if one.kind not in HARMLESS]
        assert damages == [], (where, damages)
        if struck.ended == "done":
            assert after != before, where
        elif struck.ended != "killed":
            assert struck.ended == "OutputError", where
            assert after.before_the_failure(operation) == before, where
        assert use.check_study(left.study, repair=True).is_sound, where
        assert use.check_study(left.study).damages == (), where
        if after == before:
            ALL_OPERATIONS[operation](left)
            left.require_sound()
        for revision in left.revisions():
            use.view_revision(left.study, left.who("dora"), CASE, revision.digest)
    return outcomes


@dataclass(frozen=True)
class _Told:
    """What a study says, but for times.

    Attributes:
        entries: Action and case of each entry of the ledger.
        cases: What the tables say of each case.
        people: The role of each of the people.
        marks: How many statements each checkpoint names.
    """

    entries: tuple[Any, ...]
    cases: tuple[Any, ...]
    people: tuple[Any, ...]
    marks: tuple[int, ...]

    @classmethod
    def of(cls, site: StudySite) -> _Told:
        with site.study.store.reading() as r:
            entries = tuple((entry.fields["action"], entry.fields["case"]) for entry in r.ledger())
            cases = tuple(
                (
                    (case := r.case(one)).state,
                    case.in_force,
                    tuple((read.state, read.head) for read in r.reads(one)),
                    tuple((revision.number, revision.digest) for revision in r.revisions(one)),
                    tuple(line.meaning for line in r.statements(one)),
                    len(r.comments(one)),
                )
                for one in r.case_ids()
            )
        trust = site.study.trust()
        people = tuple((person.id, person.role) for person in trust.roster.people)
        return cls(entries, cases, people, tuple(len(one.statements) for one in trust.checkpoints.all))

    def before_the_failure(self, operation: str) -> _Told:
        """Without what may stay of a use case that failed, since it is true or errs on the safe side."""
        if operation == "checkpoint":
            # A checkpoint of what is there is true, also where the ledger could not tell of it.
            return replace(self, marks=self.marks[:0] if len(self.marks) == 1 else self.marks)
        if operation == "export":
            # That a case leaves is written down before it does.
            return replace(self, entries=tuple(one for one in self.entries if one[0] != "exported"))
        return self


@cache
def _library() -> Path:
    """The compiled library, in a folder of its own for this test run."""
    compiler = shutil.which("cc")
    if not sys.platform.startswith("linux") or compiler is None:
        pytest.skip("no C compiler, or not Linux: the library that fails system calls can't be built")
    made = Path(tempfile.mkdtemp(prefix="medseg-faults-")) / "fault_injection.so"
    command = [compiler, "-O1", "-shared", "-fPIC", "-o", str(made), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True, capture_output=True)
    return made


def _main() -> None:
    study, keys, operation, fault, folder, each = sys.argv[1:]
    acts, origin = ALL_OPERATIONS[operation], Path(study)
    signed_in = StudySite(origin, Path(keys))
    for person in ("ada", "ben", "cory", "dora"):
        signed_in.who(person)

    def run(number: int, what: int, parent: Path) -> tuple[str, int]:
        shutil.copytree(origin, parent / "study")
        if (phantom := origin.parent / "phantom.nii.gz").exists():
            shutil.copy(phantom, parent)
        return _struck(number, what, acts, StudySite(parent / "study", Path(keys), _who=signed_in._who))

    ended, count = run(0, 0, Path(folder) / "0")
    assert ended == "done", ended
    shutil.rmtree(Path(folder) / "0")
    numbers = sorted({*range(1, count + 1, int(each)), count})
    told = [(number, run(number, int(fault), Path(folder) / str(number))[0]) for number in numbers]
    print(json.dumps(told))  # noqa: T201 - what the test reads


def _struck(number: int, what: int, acts: Callable[[StudySite], None], site: StudySite) -> tuple[str, int]:
    """Run in a child, with a fault; how it ended, and how many system calls it made."""
    library: Any = ctypes.CDLL(None)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        library.fault_arm(ctypes.c_long(number), what)
        try:
            acts(site)
            ended = "done"
        except MedsegError as error:
            ended = type(error).__name__
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test shall see it
            ended = f"not a typed error: {error!r}"
        count = library.fault_disarm()
        os.write(writer, json.dumps((ended, count)).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return tuple(json.loads(said)) if said else ("killed", number)


if __name__ == "__main__":
    _main()
