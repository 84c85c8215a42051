"""Jobs on a Dask cluster: the scheduler that is there does the scheduling, medseg adds none of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Generator, Sequence
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING

from medseg.errors import InputError, MedsegError
from medseg.workflows.conversion.job import SOFTWARE, JobResult, VolumeJob, run_job

if TYPE_CHECKING:
    from distributed import Client, Future

CONNECT_S = 10.0
"""How long a scheduler may take to answer: one that SLURM has just started is slow."""


def run_on_cluster(
    jobs: Sequence[VolumeJob], address: str
) -> Generator[tuple[int, JobResult | None], None, None]:
    """Run jobs on the workers of a Dask scheduler, which must see the same files under the same paths.

    A job whose worker is lost is begun again on another one, as often as the scheduler's setting
    ``allowed-failures`` says. Where the caller stops early, jobs that are not begun are taken back; those
    being worked on end on their own, and leave whole files or none.

    Args:
        jobs: In the order of their importance.
        address: Such as ``tcp://10.0.0.1:8786``.

    Yields:
        The number of each job as it is finished, and its result; None where its workers died.

    Raises:
        InputError: Dask is not installed, no scheduler answers, or its workers have another medseg.
    """
    with _client(address) as client:
        yield from _gather(client, jobs)


def _client(address: str) -> Client:
    try:
        from distributed import Client  # imported here: it takes half a second, and few need it
    except ImportError:
        raise InputError(
            "a Dask cluster needs the package distributed",
            hint="pip install 'medseg[cluster]'",
            reason="missing-package",
        ) from None
    # What goes wrong is said once, by us; Dask's log would say it again, with a traceback.
    for name in [each for each in logging.root.manager.loggerDict if each.startswith("distributed")]:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        # Knocked at first: a client that gets no answer complains once more when it is thrown away.
        asyncio.run(_knock(address))
        return Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, TypeError, ValueError) as error:
        raise InputError(
            f"no Dask scheduler answers at {address} ({type(error).__name__})",
            hint="give the address that dask scheduler prints",
            reason="no-scheduler",
        ) from error


async def _knock(address: str) -> None:
    from distributed.comm import connect

    (await connect(address, timeout=CONNECT_S)).abort()


def _gather(client: Client, jobs: Sequence[VolumeJob]) -> Generator[tuple[int, JobResult | None], None, None]:
    from distributed import KilledWorker, as_completed

    # Not pure: a second run of the same job must look at the files again.
    futures = {
        client.submit(_run_on_worker, job, SOFTWARE, pure=False, priority=-number): number
        for number, job in enumerate(jobs)
    }
    try:
        for future in as_completed(list(futures), loop=client.loop, raise_errors=False):
            error = future.exception()
            if isinstance(error, KilledWorker):
                yield futures[future], None
            elif future.status != "finished":
                raise _lost(error or future.status)
            else:
                yield futures[future], _result_of(future)
            future.release()
    finally:
        client.cancel([future for future in futures if not future.done()])


def _run_on_worker(job: VolumeJob, software: str) -> JobResult | MedsegError:
    """Run a job on whichever worker got it; some may join only after the first jobs are done.

    An error is returned: one that is raised would be logged by Dask, with the paths that are in the job.
    """
    if software != SOFTWARE:
        return InputError(
            f"expected {software} on every worker, found {SOFTWARE}",
            hint="install the same version everywhere",
            reason="other-version",
        )
    try:
        return run_job(job)
    except MedsegError as error:
        return error


def _result_of(future: Future) -> JobResult:
    try:
        result: JobResult | MedsegError = future.result()
    except (OSError, CancelledError) as error:  # the cluster ended between the work and the answer
        raise _lost(error) from error
    if isinstance(result, MedsegError):
        raise result
    return result


def _lost(why: object) -> InputError:
    return InputError(
        f"the cluster gave no result: {why if isinstance(why, str) else type(why).__name__}",
        hint="look at the scheduler's log; a rerun goes on where this run stopped",
        reason="cluster",
    )
