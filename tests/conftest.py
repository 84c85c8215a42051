"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# Two runs of tests share two cores, and small networks are slower on several threads: torch, here and in the
# processes of bundles, takes one. Read when it is imported, which is later.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Tests run on machines of very different speed; a slow example is no failure, and the same examples
# everywhere make a failure repeatable.
settings.register_profile("medseg", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("medseg")


@pytest.fixture(scope="session", autouse=True)
def quick_keys() -> Iterator[None]:
    """Keys whose passphrase is stretched less: the tests make and open hundreds of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("medseg.review.keys.KDF_ROUNDS", 1)
        yield


@pytest.fixture(scope="session", autouse=True)
def secret_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Pseudonyms of the tests are not keyed with the secret of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        yield


@pytest.fixture(scope="session", autouse=True)
def state_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Journals of the tests do not lie among those of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEDSEG_STATE", str(tmp_path_factory.mktemp("state")))
        yield


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
