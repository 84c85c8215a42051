"""What a bundle can't do in the process that runs it, whatever the lists of names overlook."""

import subprocess
import sys

TRIALS = """
import os, pathlib, shutil, socket, subprocess, sys, urllib.request
from medseg.assist.bundle.fence import ForbiddenActionError, raise_fence
folder = pathlib.Path(sys.argv[1])
inside, outside = folder / "exchange", folder / "outside"
trials = {
    "network": lambda: socket.create_connection(("localhost", 1), timeout=1),
    "name": lambda: socket.getaddrinfo("localhost", 80),
    "url": lambda: urllib.request.urlopen("http://localhost:1"),
    "program": lambda: subprocess.run(["true"]),
    "shell": lambda: os.system("true"),
    "write": lambda: outside.write_text("x"),
    "append": lambda: open(folder / "there", "a"),
    "around": lambda: open(str(inside) + "/../there", "w"),
    "os.open": lambda: os.open(outside, os.O_CREAT | os.O_WRONLY),
    "remove": lambda: (folder / "there").unlink(),
    "rename": lambda: (folder / "there").rename(outside),
    "copy": lambda: shutil.copy(folder / "there", outside),
    "folder": lambda: outside.mkdir(),
    "fork": lambda: os.fork(),
}
raise_fence(inside)
(folder / "there").read_text()
(inside / "result").write_text("may")
for name, trial in trials.items():
    try:
        trial()
    except ForbiddenActionError:
        continue
    except OSError as error:
        if not isinstance(getattr(error, "reason", None), ForbiddenActionError):
            raise
        continue
    print("not stopped:", name)
print("done")
"""


def test_no_network_no_program_and_no_file_outside_of_the_exchange(tmp_path):
    (tmp_path / "exchange").mkdir()
    (tmp_path / "there").write_text("kept")
    run = subprocess.run(
        [sys.executable, "-c", TRIALS, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert run.stdout == "done\n", run.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["exchange", "there"]
    assert (tmp_path / "exchange" / "result").read_text() == "may"
