"""The story of a label map as one HTML page: no script, nothing from outside, every text escaped."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

from medseg._version import __version__
from medseg.io.atomic import write_whole
from medseg.io.history_pictures import Picture, pictures_of
from medseg.labelmap import LabelMap
from medseg.provenance.history import History, StructureHistory
from medseg.provenance.timeline import Entry, about_image, compact, timeline
from medseg.volume import Volume

_STYLE = """
:root { color-scheme: light dark; --paper: #fbfbf9; --ink: #1c2126; --faint: #59616a; --line: #d9dcdf;
  --card: #ffffff; --good: #14663a; --good-paper: #e3f4e9; --warn: #7a4a00; --warn-paper: #fff3d9; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171a; --ink: #e8eaed; --faint: #a9b1b9;
  --line: #33393f; --card: #1d2125; --good: #8fe0ae; --good-paper: #163524; --warn: #ffd48a;
  --warn-paper: #3a2c10; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1.25rem 3rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .7rem; }
code { font: .85em ui-monospace, monospace; } .faint { color: var(--faint); }
.badge { display: inline-block; padding: .1rem .7rem; border-radius: 1rem; border: 1px solid var(--line);
  font-weight: 600; } .badge.good { color: var(--good); background: var(--good-paper); }
.badge.warn, .warnings { color: var(--warn); background: var(--warn-paper); }
.warnings { border-radius: .5rem; padding: .6rem 1rem .6rem 2rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.25rem; margin: 1rem 0; }
dt { color: var(--faint); } dd { margin: 0; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .35rem .8rem .35rem 0;
  border-bottom: 1px solid var(--line); vertical-align: top; } th { color: var(--faint); font-weight: 600; }
.swatch { display: inline-block; width: .8em; height: .8em; border-radius: 50%; margin-right: .45em; }
.timeline { list-style: none; margin: 0; padding: 0 0 0 1.3rem; border-left: 3px solid var(--line); }
.timeline li { position: relative; margin: 0 0 1.3rem; }
.timeline li::before { content: ""; position: absolute; left: -1.83rem; top: .4rem; width: .9rem;
  height: .9rem; border-radius: 50%; background: var(--card); border: 3px solid var(--faint); }
.timeline li.signed::before { border-color: var(--good); background: var(--good); }
.timeline p { margin: 0; } .timeline ul { margin: .25rem 0 0; padding-left: 1.1rem; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1rem; }
figure { margin: 0; padding: .6rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .5rem; } figure img { width: 100%; height: auto; display: block; background: #101216; }
figcaption { font-size: .88rem; padding-top: .4rem; } footer { margin-top: 2.5rem; color: var(--faint);
  border-top: 1px solid var(--line); padding-top: .8rem; font-size: .88rem; }
"""

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""Even if something slipped through, a browser would load and run nothing."""


def write_page(
    history: History,
    label_map: LabelMap,
    path: Path,
    *,
    image: Volume | None = None,
    overwrite: bool = False,
) -> None:
    """Write a story as a page.

    The name of the label map's file is not on it: people put names of patients into file names.

    Args:
        history: The story.
        label_map: The label map, for the pictures.
        path: The page to write.
        image: The image; without it the pictures show the structures alone.
        overwrite: Whether a file that is there is replaced.

    Raises:
        GridMismatchError: Image and label map lie on different grids.
        OutputExistsError: The file exists and ``overwrite`` is not set.
        OutputError: It can't be written.
    """
    page = page_of(history, pictures_of(history, label_map, image))
    write_whole(path, page.encode(), overwrite=overwrite)


def page_of(history: History, pictures: Iterable[Picture]) -> str:
    """A story as the text of a page."""
    parts = (
        _head(history),
        _warnings(history),
        _timeline(timeline(history)),
        _structures(history),
        _pictures(pictures),
        _methods(history),
    )
    body = "\n".join(line for part in parts for line in part)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>Story of a label map</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
{body}
</main>
<footer>Written by medseg {escape(__version__)}. Not a medical device. Names of steps are as recorded; only \
signatures that are marked as verified were checked against a roster.</footer>
</body>
</html>
"""


def _head(history: History) -> Iterator[str]:
    kind = "good" if history.approvals else "warn" if history.standing == "invalid" else ""
    yield "<header>"
    yield "<h1>Story of a label map</h1>"
    yield f'<p><span class="badge {kind}">{escape(history.standing)}</span></p>'
    yield "<dl>"
    yield f"<dt>Image</dt><dd>{escape(about_image(history))}</dd>"
    if history.author:
        yield f"<dt>Last saved by</dt><dd>{escape(history.author)}</dd>"
    approved = ", ".join(f"{one.name} ({one.role})" for one in history.approvals)
    yield f"<dt>Approved by</dt><dd>{escape(approved) or 'nobody, as far as was verified'}</dd>"
    yield f"<dt>Voxels</dt><dd>sha256 <code>{escape(history.voxels_sha256)}</code></dd>"
    yield "</dl>"
    yield "</header>"


def _warnings(history: History) -> Iterator[str]:
    if history.warnings:
        yield '<section aria-labelledby="warnings"><h2 id="warnings">What does not fit</h2>'
        yield '<ul class="warnings">'
        yield from (f"<li>{escape(warning)}</li>" for warning in history.warnings)
        yield "</ul></section>"


def _timeline(entries: Iterable[Entry]) -> Iterator[str]:
    yield '<section aria-labelledby="timeline"><h2 id="timeline">What happened</h2>'
    entries = list(entries)
    if not entries:
        yield "<p>Nothing is recorded: another program made this label map, or its record is gone.</p>"
    yield '<ol class="timeline">'
    for entry in entries:
        when = "at an unknown time"
        if entry.at:
            shown = entry.at.isoformat(sep=" ", timespec="seconds")
            when = f'<time datetime="{entry.at.isoformat(timespec="seconds")}">{shown}</time>'
        yield f'<li class="{"signed" if entry.signed else "step"}">'
        yield f'<p class="faint">{when}</p>'
        yield f"<p><strong>{escape(entry.what)}</strong> by <strong>{escape(entry.who)}</strong> "
        yield f'<span class="faint">({escape(entry.trust)})</span></p>'
        if entry.lines:
            yield "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in entry.lines) + "</ul>"
        yield "</li>"
    yield "</ol></section>"


def _structures(history: History) -> Iterator[str]:
    yield '<section aria-labelledby="structures"><h2 id="structures">Structures</h2>'
    yield '<table><thead><tr><th scope="col">Structure</th><th scope="col">Voxels</th>'
    yield '<th scope="col">Drawn</th><th scope="col">Imported or proposed</th>'
    yield '<th scope="col">Without contours</th></tr></thead><tbody>'
    for one in history.structures:
        origins = one.origins
        swatch = f'<span class="swatch" style="background:{escape(one.structure.color)}"></span>'
        cells = (
            f"{one.voxel_count:,}",
            compact(origins.drawn),
            compact((*origins.imported, *origins.assisted)),
            compact(origins.interpolated),
        )
        yield f'<tr><th scope="row">{swatch}{escape(one.structure.name)}</th>'
        yield "".join(f"<td>{escape(cell) or '–'}</td>" for cell in cells) + "</tr>"
    yield "</tbody></table></section>"


def _pictures(pictures: Iterable[Picture]) -> Iterator[str]:
    figures = [_figure(picture) for picture in pictures]
    if figures:
        yield '<section aria-labelledby="pictures"><h2 id="pictures">Pictures</h2><div class="pictures">'
        yield from figures
        yield "</div></section>"


def _figure(picture: Picture) -> str:
    data = base64.b64encode(picture.png).decode()
    words = f"{picture.title}: {picture.words}"
    return (
        f'<figure><img src="data:image/png;base64,{data}" alt="{escape(words)}">'
        f"<figcaption><strong>{escape(picture.title)}</strong><br>{escape(picture.words)}</figcaption></figure>"
    )


def _methods(history: History) -> Iterator[str]:
    completed = [one for one in history.structures if one.completed]
    if not completed:
        return
    yield '<section aria-labelledby="methods"><h2 id="methods">Methods and their settings</h2>'
    for one in completed:
        yield from _method(one)
    yield "</section>"


def _method(one: StructureHistory) -> Iterator[str]:
    how = one.completed
    assert how is not None  # noqa: S101 - asked by the caller
    yield f"<details><summary>{escape(one.structure.name)}: {escape(how.method)}, {escape(how.software)}"
    yield "</summary><table><tbody>"
    for name, value in sorted(how.parameters.items()):
        yield f'<tr><th scope="row"><code>{escape(name)}</code></th><td>{escape(str(value))}</td></tr>'
    yield "</tbody></table></details>"
