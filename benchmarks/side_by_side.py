"""Run several functions in turn and print their median times beside each other."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping


def compare(candidates: Mapping[str, Callable[[], object]], *, rounds: int = 7) -> dict[str, float]:
    """Time each candidate, taking turns so that a busy moment hits all of them.

    Args:
        candidates: Name → what to run; the first one is the reference of the ratios.
        rounds: How often each is run; one more run before is not counted.

    Returns:
        The median of each in seconds.
    """
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for number in range(rounds + 1):
        for name, run in candidates.items():
            start = time.perf_counter()
            run()
            if number:
                times[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(values) for name, values in times.items()}
    reference = next(iter(medians.values()))
    for name, seconds in medians.items():
        spread = f"{min(times[name]) * 1e3:.0f} to {max(times[name]) * 1e3:.0f}"
        print(f"{name:<28}{seconds * 1e3:9.1f} ms   ({spread})   × {seconds / reference:.2f}")
    return medians
