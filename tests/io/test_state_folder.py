"""Where the state of a user lies, by the custom of each platform."""

from __future__ import annotations

from pathlib import Path

import pytest

from medseg.io.state_folder import state_folder

HOME = Path.home()


@pytest.mark.parametrize(
    ("environment", "platform", "expected"),
    [
        ({"MEDSEG_STATE": "/here", "XDG_STATE_HOME": "/there"}, "linux", Path("/here")),
        ({"XDG_STATE_HOME": "/there"}, "linux", Path("/there/medseg")),
        ({"XDG_STATE_HOME": "relative"}, "linux", HOME / ".local/state/medseg"),
        ({}, "linux", HOME / ".local/state/medseg"),
        ({}, "darwin", HOME / "Library/Application Support/medseg"),
        ({"LOCALAPPDATA": "/local"}, "win32", Path("/local/medseg")),
        ({}, "win32", HOME / "AppData/Local/medseg"),
    ],
)
def test_it_lies_where_the_platform_keeps_such_things(environment, platform, expected):
    assert state_folder(environment, platform) == expected
