"""The status line: case, state, author, saved or not."""

from __future__ import annotations

from napari_medseg.case import Case


def status_of(case: Case | None) -> str:
    """The line that always stands at the bottom of the panel."""
    if case is None:
        return "No case is open"
    parts = [case.name, case.state.value, case.author or "no author", "saved" if case.saved else "unsaved"]
    if case.result is not None and not case.result_is_current:
        parts.append("label map older than contours")
    return " · ".join(parts)
