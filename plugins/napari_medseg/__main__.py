"""``python -m napari_medseg PATH…``: napari with a case and the contouring panel."""

from __future__ import annotations

import sys
from pathlib import Path

from medseg.errors import MedsegError
from napari_medseg.opening import Choice, is_structures, open_case


def main(arguments: list[str]) -> int:
    """Open the window; returns when it is closed.

    Args:
        arguments: Paths: an image, and optionally a label map or a file of another program to open on it.

    Returns:
        The exit code.
    """
    try:
        paths = [Path(argument) for argument in arguments]
        opened = open_case(paths) if paths else None
    except MedsegError as error:
        hint = f" ({error.hint})" if error.hint else ""
        print(f"medseg: error: {error.message}{hint}", file=sys.stderr)  # noqa: T201 - a program's message
        return error.exit_code
    import napari

    from napari_medseg.napari_private import hide_layer_docks
    from napari_medseg.panel.contouring import ContouringPanel

    viewer = napari.Viewer(title="medseg")
    hide_layer_docks(viewer)
    panel = ContouringPanel(viewer)
    viewer.window.add_dock_widget(panel, name="medseg: contouring", area="right")
    if isinstance(opened, Choice):
        panel.choose(opened)
    elif opened is not None:
        panel.show_case(opened)
        for path in filter(is_structures, paths):
            panel.exchanging.bring_in(path)
    napari.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
