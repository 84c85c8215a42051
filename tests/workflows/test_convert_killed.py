"""However a batch ends: no half file under a final name, no process left, and a rerun completes it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import psutil
import pytest

from conversion_cases import command, left_in_work, make_tree, require_whole, run, tree
from killing import complete, kill_until_done, measured_batch, processes_of, wait_until_gone
from medseg.progress import silent
from medseg.workflows.conversion.job import run_job
from medseg.workflows.convert import convert

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals to process groups")

SERIES = 8


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    folder = tmp_path_factory.mktemp("batch")
    return measured_batch(make_tree(folder / "in", SERIES), folder / "out")


def start(*arguments):
    return subprocess.Popen(
        command(*arguments),
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(condition, patience_s=30.0):
    deadline = time.monotonic() + patience_s
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.002)
    return found


def images(out):
    return [name for name in tree(out) if name.endswith(".nii.gz")] if out.exists() else []


def test_a_batch_killed_at_random_moments_leaves_whole_files_and_can_be_completed(batch, tmp_path):
    kills = kill_until_done(batch, tmp_path / "out", 3, random.Random(20))
    assert len(kills) == 3


def test_a_batch_killed_in_the_midst_goes_on_there(batch, tmp_path):
    out = tmp_path / "out"
    with start("convert", batch.source, out, "--jobs", 2) as process:
        wait_for(lambda: images(out))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    found = require_whole(out, batch.final)
    before = {name: (out / name).stat().st_mtime_ns for name in found}
    complete(batch, out)
    assert {name: (out / name).stat().st_mtime_ns for name in found} == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.parametrize("to_group", [True, False])
def test_a_signal_ends_a_batch_with_whole_files_and_exit_code_nine(batch, tmp_path, number, to_group):
    """Ctrl-C reaches every process of the terminal; a queue may signal the first alone."""
    out = tmp_path / "out"
    with start("convert", batch.source, out, "--jobs", 2) as process:
        wait_for(lambda: images(out))
        (os.killpg if to_group else os.kill)(process.pid, number)
        stdout, stderr = process.communicate(timeout=30)
    if process.returncode == 0:
        pytest.skip("the batch was quicker than the signal")
    assert (process.returncode, stdout) == (9, "")
    assert stderr == (
        f"medseg: error: stopped by {number.name} "
        "(what is finished stays; the same command goes on from there)\n"
    )
    wait_until_gone(process.pid)
    require_whole(out, batch.final)
    assert left_in_work(out) == []
    complete(batch, out)


def test_ctrl_c_while_headers_are_read_leaves_nothing(tmp_path):
    source = make_tree(tmp_path / "in", 1, shape_kji=(1500, 2, 2))
    out = tmp_path / "out"
    with start("convert", source, out) as process:
        wait_for(out.exists)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=30)
    assert (process.returncode, stderr.count("\n")) == (9, 1)
    assert images(out) == []


def test_workers_whose_parent_was_killed_end_too(batch, tmp_path):
    out = tmp_path / "out"
    with start("convert", batch.source, out, "--jobs", 3) as process:
        wait_for(lambda: psutil.Process(process.pid).children())
        process.kill()
        process.communicate()
    wait_until_gone(process.pid)
    require_whole(out, batch.final)
    complete(batch, out)


def test_processes_that_read_headers_end_with_their_parent_too(tmp_path):
    """Thousands of headers are shared among processes; see ``medseg/io/dicom/find.py``."""
    source = make_tree(tmp_path / "in", 1, shape_kji=(2100, 2, 2))
    with start("convert", source, tmp_path / "out", "--jobs", 3) as process:
        wait_for(lambda: len(processes_of(process.pid)) > 2)
        process.kill()
        process.communicate()
    wait_until_gone(process.pid)
    answer = run("convert", source, tmp_path / "out", "--jobs", 3)
    assert (answer.returncode, answer.stderr) == (0, "")


def test_a_worker_that_is_killed_once_costs_nothing_but_time(batch, tmp_path):
    out = tmp_path / "out"
    with start("convert", batch.source, out, "--jobs", 2) as process:
        worker = wait_for(lambda: [p for p in processes_of(process.pid) if p.pid != process.pid])[0]
        worker.kill()
        _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (0, "")
    assert tree(out) == batch.final
    assert left_in_work(out) == []


def test_a_volume_that_kills_its_process_is_refused_and_the_others_are_converted(
    batch, tmp_path, monkeypatch
):
    """As one does that is too large for the memory."""
    monkeypatch.setattr("medseg.workflows.convert.run_job", die_of_the_largest)
    conversion = convert([batch.source], tmp_path / "out", workers=2)
    (refused,) = conversion.refused
    assert (refused.reason, refused.frames) == ("worker-died", LARGEST)
    assert len(images(tmp_path / "out")) == SERIES - 1
    monkeypatch.undo()
    complete(batch, tmp_path / "out")


LARGEST = 12 + SERIES - 1


def die_of_the_largest(job, progress=silent):
    if len(job.plan.headers) == LARGEST:
        os.kill(os.getpid(), signal.SIGKILL)
    return run_job(job, progress)


def test_a_disk_that_is_full_is_an_error_and_keeps_what_is_finished(batch, tmp_path):
    out = tmp_path / "out"
    assert run("convert", batch.source / "s00", out).returncode == 0
    content = tree(out)
    limit = max(len(found) for name, found in batch.final.items() if name.endswith(".nii.gz")) - 1000
    script = f"ulimit -f {limit // 1024}; exec {' '.join(command('convert', batch.source, out, '--jobs', 1))}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 8
    assert done.stderr.startswith("medseg: error: could not write")
    assert done.stderr.count("\n") == 1
    assert left_in_work(out) == []
    for name in images(out):
        assert tree(out)[name] == batch.final[name]
    assert content["manifest.json"] == tree(out)["manifest.json"]
    complete(batch, out)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_a_place_that_can_not_be_written_is_an_error(batch):
    done = run("convert", batch.source, "/proc/medseg-results")
    assert done.returncode == 8
    assert done.stderr.startswith("medseg: error: could not write")
