"""Write docs/shortcuts.md from the table of actions, so that the page and the window never differ."""

from __future__ import annotations

from pathlib import Path

from napari_medseg.actions.action import GROUPS, Action, in_group
from napari_medseg.actions.key_map import KeyMap

PAGE = Path(__file__).parents[1] / "docs" / "shortcuts.md"

HEAD = """# Keys

<!-- Made by tools/make_shortcut_docs.py from plugins/napari_medseg/actions/action.py. -->

Every action of the workbench has a key. Keys count while a case is open, whatever layer of napari is active
and whatever was clicked last. A text field keeps what can be typed while it has the cursor. Arrows, Tab,
Space, Enter and Home move within lists and press buttons that were clicked; a canvas takes the keyboard as
soon as the mouse is over it.

`?` lists all actions in a window that drawing goes on beside: search an action or a key, choose a row, click
the field below and press the new key. A key that does something else already is told, and can be taken over.
What was set is kept in `keys.json` in the user's folder for settings (`$XDG_CONFIG_HOME/medseg`, by default
`~/.config/medseg`; `~/Library/Application Support/medseg` on macOS, `%APPDATA%\\medseg` on Windows), as Qt
names keys:

```json
{
  "format": "medseg-settings/1",
  "keys": {
    "brush": ["J"]
  }
}
```

On macOS `Ctrl` is the command key. With the mouse: the wheel steps through slices, Ctrl and the wheel zoom,
the left button draws, or jumps to a place with no tool in hand, the middle button drags the view, as Ctrl and
the left button do, and the right button drags the window.
"""


def page() -> str:
    """The whole page."""
    keys = KeyMap()
    parts = [HEAD]
    for group in GROUPS:
        lines = [_line(keys, action) for action in in_group(group)]
        head = [f"## {group}", "", "| key | action | what it does |", "| --- | --- | --- |"]
        parts.append("\n".join([*head, *lines, ""]))
    return "\n".join(parts)


def _line(keys: KeyMap, action: Action) -> str:
    named = " or ".join(f"`{key}`" for key in keys.keys_of(action))
    return f"| {named} | {action.name} | {action.tip} |"


if __name__ == "__main__":
    PAGE.write_text(page())
