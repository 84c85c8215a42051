"""The status line: case, state, author, approver, saved or not."""

from __future__ import annotations

from napari_medseg.case import Case


def status_of(case: Case | None) -> str:
    """The line that always stands at the bottom of the panel."""
    return "No case is open" if case is None else " · ".join(status_parts(case))


def status_parts(case: Case) -> tuple[str, ...]:
    """What there is to know of a case at any time: name and state, then all else."""
    parts = [case.name, case.state.value]
    if case.author or case.keeper is None:
        parts.append(case.author or "no author")
    if case.approval:
        parts.append(case.approval)
    if case.time_points is not None and case.time_index is not None:
        scope = ", drawn here only" if case.draws_at_one_time else ""
        parts.append(f"volume {case.time_points.name_of(case.time_index)}{scope}")
    if case.keeper is not None and case.is_locked:
        parts.append("view only")
        return tuple(parts)
    parts.append(_kept(case))
    return tuple(parts)


def _kept(case: Case) -> str:
    """Where what was drawn would be, if the program ended now."""
    if case.saved:
        return "saved"
    if case.journal is None:
        return "unsaved"
    return "in the journal, unsaved" if case.journal.holds_everything else "only in memory, unsaved"
