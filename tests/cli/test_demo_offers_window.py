"""At a terminal with a display the demo offers to open napari."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

pty = pytest.importorskip("pty", reason="pseudo-terminals exist on Unix only")


@pytest.fixture(autouse=True)
def needs_a_terminal():
    """A container may have none to give."""
    try:
        ends = pty.openpty()
    except OSError as error:
        pytest.skip(f"no pseudo-terminal here: {error}")
    for end in ends:
        os.close(end)


def run_in_terminal(command, environment, answer):
    """Run a command in a terminal, answer its question, and return what it printed and its exit code."""
    process, terminal = pty.fork()
    if process == 0:
        os.execve(command[0], command, environment)
    printed = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # Linux says so when the other end is closed
            break
        if not piece:
            break
        printed += piece
        if b"[y/N]" in piece:
            os.write(terminal, answer)
    os.close(terminal)
    return printed.decode(), os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.skipif(importlib.util.find_spec("napari") is None, reason="napari is not installed")
@pytest.mark.parametrize(("display", "asks"), [(":0", True), ("", False)])
def test_it_asks_only_where_there_is_a_display(tmp_path, display, asks):
    medseg = str(Path(sys.executable).with_name("medseg"))
    environment = {**os.environ, "DISPLAY": display, "WAYLAND_DISPLAY": ""}
    text, code = run_in_terminal([medseg, "demo", "--out", str(tmp_path / "out")], environment, b"n\n")
    assert code == 0
    assert ("Open napari on the result?" in text) == asks
