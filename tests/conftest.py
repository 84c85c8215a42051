"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Tests run on machines of very different speed; a slow example is no failure, and the same examples
# everywhere make a failure repeatable.
settings.register_profile("medseg", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("medseg")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real imaging data; tests that need it skip where it is not set."""
    folder = os.environ.get("MEDSEG_REAL_DATA")
    if not folder:
        pytest.skip("MEDSEG_REAL_DATA is not set: no real imaging data here")
    path = Path(folder)
    if not path.is_dir():
        pytest.fail(f"MEDSEG_REAL_DATA is set to {folder}, which is not a folder")
    return path.resolve()
