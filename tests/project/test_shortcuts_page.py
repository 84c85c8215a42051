"""The page of keys says what the table of actions says."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_is_what_the_actions_say():
    page = runpy.run_path(str(ROOT / "tools" / "make_shortcut_docs.py"))["page"]()
    written = (ROOT / "docs" / "shortcuts.md").read_text()
    assert written == page, "run: python tools/make_shortcut_docs.py"
    for named in (
        "| `D` | Freehand |",
        "| `Shift+Space` | Accept all |",
        "| `Del` or `Backspace` | Delete |",
    ):
        assert named in written
