"""Jobs in processes: every result comes once, whoever dies takes its own job along, and nobody stays."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import closing

import psutil
import pytest

from medseg.errors import Cancelled, InputError, OutputError
from medseg.processes import run_in_order, run_in_processes, usable_processors

DEADLY, FAULTY, ODD = -1, -2, -3


def double(job):
    """Twice a number; some numbers are worse."""
    if job == DEADLY:
        os.kill(os.getpid(), signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
    if job == FAULTY:
        raise OutputError("no space", reason="disk-full")
    if job == ODD:
        raise ValueError("what nobody expected")
    return 2 * job


def tidy(path):
    """Run for long, and leave a note when told to stop."""
    try:
        path.with_suffix(".begun").touch()
        time.sleep(30)
    finally:
        path.touch()


def interrupt(pid):
    """Ask another process to stop, then work for a while."""
    os.kill(pid, signal.SIGINT)
    time.sleep(0.3)


def children():
    """This process's children that are alive, but for the standard library's own helper."""
    return [
        child
        for child in psutil.Process().children()
        if child.status() != psutil.STATUS_ZOMBIE and "resource_tracker" not in " ".join(child.cmdline())
    ]


@pytest.fixture(params=["fork", "spawn"])
def _method(request):
    """Where another thread runs, processes are spawned."""
    done = threading.Event()
    if request.param == "spawn":
        other = threading.Thread(target=done.wait)
        other.start()
        yield
        done.set()
        other.join()
        return
    if sys.platform != "linux" or threading.active_count() > 1:
        pytest.skip("processes are not forked here")
    yield


@pytest.mark.usefixtures("_method")
def test_every_result_comes_once_and_the_dead_take_their_own_job_along():
    jobs = [1, 2, DEADLY, 3, 4, DEADLY, 5]
    results = dict(run_in_processes(double, jobs, 2))
    assert results == {0: 2, 1: 4, 2: None, 3: 6, 4: 8, 5: None, 6: 10}
    assert children() == []


def test_all_may_die():
    assert dict(run_in_processes(double, [DEADLY] * 5, 3)) == dict.fromkeys(range(5))


def test_no_job_is_no_work():
    assert list(run_in_processes(double, [], 3)) == []


@pytest.mark.parametrize(("job", "error"), [(FAULTY, OutputError), (ODD, ValueError)])
def test_what_a_job_raises_stops_the_others_and_is_raised_here(job, error):
    with pytest.raises(error) as caught:
        list(run_in_processes(double, [1, job, 2, 3], 2))
    if error is OutputError:
        assert caught.value.details == {"reason": "disk-full"}
    assert children() == []


def test_who_stops_early_stops_the_workers_which_tidy_up(tmp_path):
    paths = [tmp_path / "a", tmp_path / "b"]
    with closing(run_in_processes(_tidy_or_double, [1, *paths], 3)) as results:
        assert next(results) == (0, 2)
        deadline = time.monotonic() + 10
        while not all(path.with_suffix(".begun").exists() for path in paths):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        begun = time.monotonic()
    assert time.monotonic() - begun < 5
    assert all(path.exists() for path in paths)
    assert children() == []


def _tidy_or_double(job):
    return double(job) if isinstance(job, int) else tidy(job)


def test_results_as_large_as_the_pipe_and_more_come_through():
    (number, result), *_ = run_in_processes(bytes, [3_000_000, 10], 2)
    assert len(result) in (3_000_000, 10)
    assert number in (0, 1)


def test_details_of_an_error_travel(tmp_path):
    with pytest.raises(InputError) as caught:
        list(run_in_processes(_refuse, [tmp_path], 1))
    assert caught.value.details == {"path": str(tmp_path)}
    assert caught.value.hint == "look"


def _refuse(path):
    raise InputError("no", hint="look", path=str(path))


def test_results_come_in_order_where_that_is_asked_for():
    assert list(run_in_order(double, [1, DEADLY, 3, 4, 5], 3)) == [2, None, 6, 8, 10]


def test_there_is_a_processor_at_least():
    assert 1 <= usable_processors() <= (os.cpu_count() or 1)


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
@pytest.mark.usefixtures("_method")
def test_an_interruption_never_comes_within_the_pool():
    """It would leave one of the pool's locks taken, and the program would hang at its end."""
    within = []

    def stop(_number, frame):
        while frame is not None:
            within.append(frame.f_code.co_filename)
            frame = frame.f_back
        raise Cancelled("stopped")

    before = signal.signal(signal.SIGINT, stop)
    try:
        with pytest.raises(Cancelled), closing(run_in_processes(interrupt, [os.getpid()], 1)) as results:
            list(results)
        assert signal.getsignal(signal.SIGINT) is stop
    finally:
        signal.signal(signal.SIGINT, before)
    assert within
    assert not [file for file in within if "concurrent" in file or "threading" in file]
    assert children() == []
