"""How many actions a tumour takes: completed from few contours, or proposed, beside slice by slice.

A reader who draws exactly the reference uses the tools as the window does, and every stroke, click, key and
notch of the wheel is counted, until the Dice with the reference is 0.95 (``ways.py``, ``proposed.py``).

    python benchmarks/actions_count [--data DATA] [--write]
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[1])

from actions_count.page import page  # noqa: E402 - the folder above must be on the path first

RESULT = Path(__file__).parents[1] / "results" / "actions.md"


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    data = os.environ.get("MEDSEG_REAL_DATA")
    parser.add_argument("--data", type=Path, default=data, required=data is None, help="the real data")
    parser.add_argument("--write", action="store_true", help=f"keep the tables in {RESULT.name}")
    given = parser.parse_args()
    made = page(given.data)
    print(made)
    if given.write:
        RESULT.write_text(made, encoding="utf-8")


if __name__ == "__main__":
    main()
