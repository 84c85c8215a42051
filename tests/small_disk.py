"""A disk that runs full or is read-only: a program runs with a mount of its own on a folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

_MOUNT = 'mount -t tmpfs -o size="$1"k tmpfs "$2" && shift 2 && exec "$@"'
_READ_ONLY = 'mount --bind "$2" "$2" && mount -o remount,ro,bind "$2" && shift 2 && exec "$@"'


def run_on_small_disk(
    folder: Path, kibibytes: int, script: str, *arguments: object
) -> subprocess.CompletedProcess[str]:
    """Run a Python script for which a folder is an empty disk of some kibibytes.

    The disk lives in a mount namespace of the script's own and is gone when it ends: what it shall tell, it
    prints. The tests' own modules can be imported by the script.

    Args:
        folder: Where the disk is mounted; it exists.
        kibibytes: Its size.
        script: The source text.
        *arguments: What the script finds in ``sys.argv[1:]``.
    """
    return _run_mounted((_MOUNT, str(kibibytes), str(folder)), script, arguments)


def run_on_read_only_disk(folder: Path, script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a Python script for which a folder can be read and not written, not even by root.

    Args:
        folder: What is read-only, with all in it.
        script: The source text.
        *arguments: What the script finds in ``sys.argv[1:]``.
    """
    return _run_mounted((_READ_ONLY, "", str(folder)), script, arguments)


def _run_mounted(
    mount: tuple[str, str, str], script: str, arguments: tuple[object, ...]
) -> subprocess.CompletedProcess[str]:
    namespace = _namespace()
    if namespace is None:
        pytest.skip("no mount namespaces here: neither as root nor as a user of one's own")
    what, size, folder = mount
    return subprocess.run(
        [
            *namespace,
            "sh",
            "-c",
            what,
            "sh",
            size,
            folder,
            sys.executable,
            "-c",
            script,
            *map(str, arguments),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


@cache
def _namespace() -> tuple[str, ...] | None:
    """The command that gives a program mounts of its own; None where the system allows none."""
    if shutil.which("unshare") is None:
        return None
    for options in (("--mount",), ("--user", "--map-root-user", "--mount")):
        command = ("unshare", *options)
        tried = subprocess.run(
            [*command, "sh", "-c", "mount -t tmpfs tmpfs /mnt"], capture_output=True, check=False
        )
        if tried.returncode == 0:
            return command
    return None
