"""A disk that is full, wherever it fills: nothing is half done, and it works once there is room."""

from __future__ import annotations

import json
import sys

import pytest

from small_disk import run_on_read_only_disk, run_on_small_disk
from study_kills import OPERATIONS

SCRIPT = """
import json, shutil, sys
from pathlib import Path
from medseg.errors import MedsegError
from medseg.workflows import study as use
from study_cases import CASE, StudySite
from study_kills import OPERATIONS

study, keys, disk, operation = sys.argv[1:]
told = []
signed_in = {}
for free in range(0, 400, 4):
    folder = Path(disk) / "study"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(study, folder)
    shutil.copy(Path(study).parent / "phantom.nii.gz", disk)
    site = StudySite(folder, Path(keys), _who=signed_in)
    for person in ("ada", "ben", "cory", "dora"):
        site.who(person)
    ballast = Path(disk) / "ballast"
    room = shutil.disk_usage(disk).free - 1024 * free
    ballast.write_bytes(bytes(max(room, 0)))
    before = (site.case(), site.reads(), site.revisions(), len(site.ledger()))
    try:
        OPERATIONS[operation](site)
        error = None
    except MedsegError as caught:
        error = type(caught).__name__
        assert (site.case(), site.reads(), site.revisions(), len(site.ledger())) == before
        known = {path.relative_to(study) for path in Path(study).rglob("*")}
        found = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
        # A checkpoint of what is there is true, also where the ledger could not tell of it.
        harmless = {Path("study.sqlite-journal"), Path("trust/checkpoints.jsonl")}
        assert found - known <= harmless, found - known
    ballast.unlink()
    if error is not None:
        OPERATIONS[operation](site)
    for revision in site.revisions():
        shown = use.view_revision(site.study, site.who("ada"), CASE, revision.digest)
        assert shown.sign_off.exists() == bool(site.bundle(revision))
    site.study.close()
    told.append(error)
    if error is None and free > 64:
        break
print(json.dumps(told))
"""

KIBIBYTES = 4096


@pytest.mark.skipif(sys.platform == "win32", reason="mounts a file system")
@pytest.mark.parametrize("operation", ["save", "submit", "add", "check_out", "checkpoint"])
def test_a_full_disk_changes_nothing(site, tmp_path, operation):
    site.add()
    site.assign("ada")
    site.draw("ada")
    if operation != "save":
        site.save("ada")
    site.study.close()
    disk = tmp_path / "disk"
    disk.mkdir()
    ran = run_on_small_disk(disk, KIBIBYTES, SCRIPT, site.path, site.keys, disk, operation)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told[0] == "OutputError"
    assert set(told) == {"OutputError", None}


READ_ONLY = """
import json, sys
from pathlib import Path
from medseg.errors import MedsegError
from medseg.workflows import study as use
from study_cases import CASE, StudySite
from study_kills import OPERATIONS

study, keys = sys.argv[1:]
site = StudySite(Path(study), Path(keys))
told = {}
for name, operation in OPERATIONS.items():
    try:
        operation(site)
    except MedsegError as error:
        told[name] = type(error).__name__
# Who only looks at the worklist or verifies needs to write nothing.
assert use.list_cases(site.study).rows[0].case == site.case()
assert site.verify(site.revisions()[0]).verdict.value == "unsigned"
assert use.check_study(site.study).is_sound
print(json.dumps(told))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="mounts a file system")
def test_a_read_only_folder_changes_nothing_and_can_be_looked_at(site):
    site.add()
    site.assign("ada")
    site.save("ada")
    site.draw("ada", size=2)
    site.study.close()
    before = {path: path.read_bytes() for path in site.path.rglob("*") if path.is_file()}
    ran = run_on_read_only_disk(site.path, READ_ONLY, site.path, site.keys)
    assert ran.returncode == 0, ran.stderr
    # Those two are not possible here in any case, and whether they are is looked at first.
    early = dict.fromkeys(("approve", "amend"), "TransitionError")
    assert json.loads(ran.stdout) == dict.fromkeys(OPERATIONS, "OutputError") | early
    assert {path: path.read_bytes() for path in site.path.rglob("*") if path.is_file()} == before
