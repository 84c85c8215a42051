"""The same jobs on a real Dask scheduler and its workers, processes of their own on this machine."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from conversion_cases import command, make_tree, require_manifest, require_whole, run, tree

SERIES = 6


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return make_tree(tmp_path_factory.mktemp("source") / "in", SERIES)


@pytest.fixture(scope="module")
def local(source, tmp_path_factory):
    """What a run without a cluster writes."""
    out = tmp_path_factory.mktemp("local") / "out"
    assert run("convert", source, out).returncode == 0
    return tree(out)


@dataclass
class Cluster:
    """A scheduler and two workers of one thread."""

    address: str
    scheduler: subprocess.Popen
    workers: list[subprocess.Popen]
    log: Path


@pytest.fixture
def cluster(tmp_path):
    note, log = tmp_path / "scheduler.json", tmp_path / "log"
    quiet = ["--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", note]
    with ExitStack() as stack, log.open("w") as output:

        def start(program, *arguments):
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{program}", *arguments, *quiet],
                cwd=tmp_path,
                stdout=output,
                stderr=output,
            )
            stack.callback(process.wait, 20)
            stack.callback(end, process)
            return process

        scheduler = start("dask_scheduler", "--port", "0", "--no-jupyter")
        wait_for(lambda: note.exists() and note.read_text())
        workers = [start("dask_worker", "--nthreads", "1", "--no-nanny") for _ in range(2)]
        yield Cluster(json.loads(note.read_text())["address"], scheduler, workers, log)


def end(process):
    if process.poll() is None:
        for each in [*psutil.Process(process.pid).children(recursive=True), process]:
            each.kill()


def wait_for(condition, patience_s=60.0):
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def has_image(out):
    return out.exists() and any(name.endswith(".nii.gz") for name in tree(out))


def start_convert(source, out, cluster):
    return subprocess.Popen(
        command("convert", source, out, "--scheduler", cluster.address),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_cluster_writes_what_one_machine_writes(source, local, cluster, tmp_path):
    done = run("convert", source, tmp_path / "out", "--scheduler", cluster.address)
    assert (done.returncode, done.stderr) == (0, "")
    assert tree(tmp_path / "out") == local
    require_manifest(tmp_path / "out")
    again = run("convert", source, tmp_path / "out", "--scheduler", cluster.address)
    assert f"{SERIES} of them were converted by an earlier run" in again.stdout
    assert "IM0001" not in cluster.log.read_text()


def test_a_worker_that_is_lost_costs_nothing_but_time(source, local, cluster, tmp_path):
    out = tmp_path / "out"
    with start_convert(source, out, cluster) as process:
        wait_for(lambda: has_image(out))
        cluster.workers[0].kill()
        process.communicate(timeout=120)
    assert process.returncode == 0
    assert tree(out) == local


def test_a_cluster_that_ends_at_work_is_an_error_and_the_rest_can_be_done_without_it(
    source, local, cluster, tmp_path
):
    out = tmp_path / "out"
    with start_convert(source, out, cluster) as process:
        wait_for(lambda: has_image(out))
        for each in (cluster.scheduler, *cluster.workers):
            end(each)
        stdout, stderr = process.communicate(timeout=120)
    if process.returncode == 0:
        pytest.skip("the batch was quicker")
    assert (process.returncode, stdout) == (4, "")
    assert stderr.startswith("medseg: error: the cluster gave no result")
    assert stderr.count("\n") == 1
    require_whole(out, local)
    assert run("convert", source, out).returncode == 0
    assert tree(out) == local


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense:address:here", "nonsense://here"])
def test_no_scheduler_there_is_one_line_and_leaves_nothing(source, tmp_path, address):
    # A process of its own: Dask leaves threads behind in ours.
    impatient = (
        "import medseg.workflows.conversion.cluster as c; c.CONNECT_S = 0.5; import medseg.cli.main as m"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{impatient}; m.main()", "convert", source, "out", "--scheduler", address],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith(f"medseg: error: no Dask scheduler answers at {address}")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
