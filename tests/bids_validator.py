"""The judge of BIDS datasets: bids-validator-deno, which needs no network."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any


def issues_of(dataset: Path) -> list[dict[str, Any]]:
    """What the validator finds, errors and warnings."""
    beside = Path(sys.executable).with_name("bids-validator-deno")
    program = str(beside) if beside.exists() else shutil.which("bids-validator-deno")
    assert program, "bids-validator-deno comes with the extra 'test'"
    done = subprocess.run([program, dataset, "--format", "json"], capture_output=True, text=True, check=False)
    answer = json.loads(done.stdout)
    assert answer["summary"]["totalFiles"] > 0
    return list(answer["issues"]["issues"])


def errors_of(dataset: Path) -> list[dict[str, Any]]:
    """The errors alone."""
    return [issue for issue in issues_of(dataset) if issue["severity"] == "error"]
