"""What all parts of the benchmark are told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

RESULTS = Path(__file__).parents[1] / "results"


@dataclass(frozen=True)
class Options:
    """The choices of one run.

    Attributes:
        data: The folder of real masks; None without one.
        itk_python: The Python that has ITK's interpolator; None without one.
        quick: Only show that it runs, on small phantoms.
        only: Only cases whose name holds this.
        methods: Only these methods of the registry.
    """

    data: Path | None = None
    itk_python: str | None = None
    quick: bool = False
    only: str = ""
    methods: tuple[str, ...] = ()
