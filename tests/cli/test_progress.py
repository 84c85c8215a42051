"""Bars: rates and the time left on a terminal, nothing and no library elsewhere."""

from __future__ import annotations

import io
import os
import re
import select
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from medseg.cli import progress
from medseg.workflows.convert import Tally

SLOW_BATCH = """
import time
from medseg.cli.progress import batch_bar
from medseg.workflows.convert import Tally
with batch_bar() as (steps, batch):
    for done in range(5):
        steps("reading headers", 500 * done, 2000)
        time.sleep(0.15)
    for done in range(5):
        batch(Tally((done, 4), (100 * done, 400), (10_000_000 * done, 40_000_000)))
        time.sleep(0.15)
"""


def on_a_terminal(script):
    """What a script writes to a terminal 120 columns wide."""
    try:
        ours, theirs = os.openpty()
    except OSError:
        pytest.skip("there is no pseudo-terminal to give")
    environment = {**os.environ, "COLUMNS": "120", "TERM": "xterm-256color"}
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.DEVNULL, stderr=theirs, env=environment
    )
    os.close(theirs)
    said = b""
    while select.select([ours], [], [], 60)[0]:
        try:
            piece = os.read(ours, 1 << 16)
        except OSError:  # Linux says so when the other side is closed
            break
        if not piece:
            break
        said += piece
    os.close(ours)
    assert process.wait(10) == 0
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.decode())


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_terminal_is_shown_rates_and_the_time_left():
    said = on_a_terminal(SLOW_BATCH)
    assert re.search(r"reading headers +[━╸╺ ]+ 1,500/2,000 [\d,]+/s +0:00:0\d left", said)
    assert re.search(r"converting +[━╸╺ ]+ 3/4 volumes [\d,]+ files/s [\d,.]+ MB/s 0:00:0\d left", said)


def test_elsewhere_nothing_is_drawn_and_nothing_imported(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=stream))
    with progress.batch_bar() as (steps, batch):
        steps("reading headers", 1, 2)
        batch(Tally((1, 4), (1, 4), (1, 4)))
    assert stream.getvalue() == ""


def test_drawing_takes_no_thread(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=Terminal()))
    before = threading.active_count()
    with progress.progress_bar() as bar:
        bar("reading headers", 1, 2)
        assert threading.active_count() == before
