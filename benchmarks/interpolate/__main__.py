"""Completing structures from sparse contours: accuracy and speed beside ITK's contour interpolator.

``python benchmarks/interpolate PART…`` runs some parts and prints their tables. See ``benchmarks/README.md``.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[1])

from interpolate.options import RESULTS, Options  # noqa: E402 - the folder above must be on the path first

PARTS = {
    "accuracy": "parallel slices: Dice and distance beside ITK-MCI's",
    "mixed": "axial, sagittal and coronal planes together",
    "contours": "how many contours a reader needs",
    "image": "the image as a help, and the gate that lets it in",
    "speed": "times and memory beside ITK-MCI's, which runs in turn",
}
OTHERS = {
    "record": "run ITK-MCI on everything and record what it makes (needs --itk-python)",
    "page": "make docs/interpolation-benchmark.md of the results and draw its pictures",
}


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"{name:<10}{what}" for name, what in (PARTS | OTHERS).items()),
    )
    parser.add_argument("parts", nargs="+", choices=[*PARTS, *OTHERS], metavar="PART")
    parser.add_argument("--data", type=Path, help="real masks; by default $MEDSEG_REAL_DATA/interpolation")
    parser.add_argument(
        "--itk-python",
        default=os.environ.get("MEDSEG_ITK_PYTHON"),
        metavar="PYTHON",
        help="a Python with ITK's interpolator; by default $MEDSEG_ITK_PYTHON",
    )
    parser.add_argument("--write", action="store_true", help="keep each table in benchmarks/results/")
    parser.add_argument("--quick", action="store_true", help="only show that it runs, on small phantoms")
    parser.add_argument("--only", default="", metavar="TEXT", help="only cases whose name holds TEXT")
    parser.add_argument("--methods", nargs="+", default=[], metavar="NAME", help="only these methods")
    chosen = parser.parse_args()
    options = Options(
        chosen.data or _default_data(), chosen.itk_python, chosen.quick, chosen.only, tuple(chosen.methods)
    )
    for name in chosen.parts:
        text = importlib.import_module(f"interpolate.{name}").run(options)
        print(text, flush=True)
        if chosen.write and name in PARTS:
            (RESULTS / f"interpolate_{name}.md").write_text(text + "\n")


def _default_data() -> Path | None:
    folder = os.environ.get("MEDSEG_REAL_DATA")
    return Path(folder) / "interpolation" if folder else None


if __name__ == "__main__":
    main()
