"""All cases at once, one process a processor: what is measured here is no time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import TypeVar

from interpolate.cases import Case
from medseg.processes import usable_processors

Score = TypeVar("Score")


def over_cases(measure: Callable[[Case], Iterable[Score]], cases: Sequence[Case]) -> list[Score]:
    """The scores of all cases, in the order of the cases.

    Args:
        measure: The scores of one case; a function that another process can import, or a partial of one.
        cases: The cases.
    """
    processes = min(usable_processors(), len(cases))
    if processes < 2:
        return [score for case in cases for score in measure(case)]
    scores: list[Score] = []
    with ProcessPoolExecutor(processes, get_context("forkserver")) as pool:
        for number, some in enumerate(pool.map(partial(_listed, measure), cases), start=1):
            print(f"{number}/{len(cases)} {cases[number - 1].name}", file=sys.stderr, flush=True)
            scores += some
    return scores


def _listed(measure: Callable[[Case], Iterable[Score]], case: Case) -> list[Score]:
    return list(measure(case))
