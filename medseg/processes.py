"""Jobs on the processors of one machine: the standard library's pool of processes, and what it leaves open.

A process that is killed, as the kernel does to the largest one when memory runs out, breaks the pool as a
whole. The jobs that were begun by then are run again, each in a process of its own: the one that dies there,
too, is the cause, and the others go on.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor
    from multiprocessing.context import BaseContext
    from multiprocessing.process import BaseProcess
    from types import FrameType

J = TypeVar("J")
R = TypeVar("R")

GRACE_S = 5.0
"""How long a process that is told to stop may tidy up before it is killed."""

_TICK_S = 0.1
"""How long an interruption waits at most, while no job is finished."""

_AHEAD = 1
"""Jobs that are sent before a process is free, so that none waits for the next."""


def run_in_processes(
    run: Callable[[J], R], jobs: Sequence[J], workers: int
) -> Generator[tuple[int, R | None], None, None]:
    """Run a function on every job, each in one of several processes.

    Where the caller stops early, or is interrupted, the processes are stopped too.

    Args:
        run: A function of a module. What it raises is raised here. It may be run twice on a job.
        jobs: In the order in which they are begun.
        workers: How many processes.

    Yields:
        The number of each job as it is finished, and its result; None where it killed its process.
    """
    waiting = list(enumerate(jobs))[::-1]
    in_doubt: list[tuple[int, J]] = []
    while waiting or in_doubt:
        if not in_doubt:
            in_doubt = yield from _run_in_pool(run, waiting, workers)
        elif culprits := (yield from _run_in_pool(run, [in_doubt.pop()], 1)):
            yield culprits[0][0], None


def run_in_order(run: Callable[[J], R], jobs: Sequence[J], workers: int) -> Generator[R | None, None, None]:
    """Run a function on every job as :func:`run_in_processes` does, and yield the results in order."""
    early: dict[int, R | None] = {}
    expected = 0
    with closing(run_in_processes(run, jobs, workers)) as results:
        for number, result in results:
            early[number] = result
            while expected in early:
                yield early.pop(expected)
                expected += 1


def usable_processors() -> int:
    """How many processors this process may use, which a cluster's queue may restrict."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _run_in_pool(
    run: Callable[[J], R], waiting: list[tuple[int, J]], workers: int
) -> Generator[tuple[int, R], None, list[tuple[int, J]]]:
    """Run jobs from the end of a list, in one pool; those that were begun when it broke are returned."""
    # Imported here, as all that is needed for several processes: who works alone needs none of it.
    from concurrent.futures import FIRST_COMPLETED, wait
    from concurrent.futures.process import BrokenProcessPool

    begun: dict[int, J] = {}
    futures: dict[Future[R], int] = {}
    # An exception of a signal's handler within the pool's own methods could leave one of its locks taken for
    # ever, and its thread, which is joined at the end of the program, waiting for it.
    with _interruptions_held() as held:
        try:
            with _pool(min(workers, len(waiting))) as pool:
                while waiting or begun:
                    while waiting and len(begun) < workers + _AHEAD:
                        number, job = waiting.pop()
                        begun[number] = job
                        futures[pool.submit(_call, run, job)] = number
                    done = wait(futures, timeout=_TICK_S, return_when=FIRST_COMPLETED).done
                    results = [(futures.pop(future), future.result()) for future in done]
                    with held.released():
                        for number, result in results:
                            del begun[number]
                            yield number, result
        except BrokenProcessPool:
            return list(begun.items())
    return []


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import active_children

    others = set(active_children())
    pool = ProcessPoolExecutor(workers, mp_context=_context(), initializer=_begin)
    try:
        with _signals_blocked():
            pool.submit(_nothing)  # it is now that processes are made
        yield pool
        pool.shutdown()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        _stop([process for process in active_children() if process not in others])


def _stop(processes: Sequence[BaseProcess]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(GRACE_S)
        process.kill()
        process.join()


def _context() -> BaseContext:
    """Fork where it is safe: on Linux, without other threads. It saves each process 0.2 s of imports."""
    import multiprocessing

    can_fork = sys.platform == "linux" and threading.active_count() == 1
    return multiprocessing.get_context("fork" if can_fork else "spawn")


def _nothing() -> None:
    """A job that makes a pool begin."""


_job_runs = threading.Event()
"""Set while this process runs a job: what the job began is to be tidied up when it is told to stop."""


def _call(run: Callable[[J], R], job: J) -> R:
    try:
        _job_runs.set()
        result = run(job)
        _job_runs.clear()
    except SystemExit:
        # The pool would take this for the job's result and go on.
        os._exit(1)
    return result


def _begin() -> None:
    """The first thing that a process does."""

    def stop(*_: Any) -> None:
        if _job_runs.is_set():
            sys.exit(1)  # by way of everything that tidies up
        os._exit(1)  # an exception here, before the first job, would be printed by the pool

    # Ctrl-C reaches every process of a terminal: the parent alone acts on it, and ends its processes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, stop)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD)
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    parent = parent_process()
    assert parent is not None  # noqa: S101 - only a pool's processes call this
    wait([parent.sentinel])
    os._exit(1)


_HELD = {signal.SIGINT, signal.SIGTERM}


class _Held:
    """Notes the signals that come, instead of letting their handlers raise whatever they raise."""

    def __init__(self) -> None:
        self._came: list[int] = []
        self._handlers: dict[int, Any] = {}

    def hold(self) -> None:
        """Note signals from now on. Python runs handlers in the main thread alone."""
        if threading.current_thread() is threading.main_thread():
            self._handlers = {number: signal.signal(number, self._note) for number in _HELD}

    def release(self) -> None:
        """Let them come again, those first that were noted."""
        for number, handler in self._handlers.items():
            # None is a handler that Python knows nothing of.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._handlers = {}
        while self._came:
            signal.raise_signal(self._came.pop())

    @contextmanager
    def released(self) -> Iterator[None]:
        """Let them come in the block."""
        self.release()
        try:
            yield
        finally:
            self.hold()

    def _note(self, number: int, _: FrameType | None) -> None:
        self._came.append(number)


@contextmanager
def _interruptions_held() -> Iterator[_Held]:
    """Let no handler of a signal run in the block, but where they are released."""
    held = _Held()
    held.hold()
    try:
        yield held
    finally:
        held.release()


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Hold signals back until new processes can deal with them; the parent's handlers are not for them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
