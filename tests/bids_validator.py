"""The judge of BIDS datasets: bids-validator-deno, which needs no network."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from programs import installed


def issues_of(dataset: Path) -> list[dict[str, Any]]:
    """What the validator finds, errors and warnings."""
    program = installed("bids-validator-deno")
    assert program, "bids-validator-deno comes with the extra 'test'"
    done = subprocess.run([program, dataset, "--format", "json"], capture_output=True, text=True, check=False)
    answer = json.loads(done.stdout)
    assert answer["summary"]["totalFiles"] > 0
    return list(answer["issues"]["issues"])


def errors_of(dataset: Path) -> list[dict[str, Any]]:
    """The errors alone."""
    return [issue for issue in issues_of(dataset) if issue["severity"] == "error"]
