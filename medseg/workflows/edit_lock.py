"""What was submitted or approved is not overwritten."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from medseg.errors import LockedError, SidecarError
from medseg.io.file_lock import exclusive
from medseg.io.label_map_files import LabelMapFiles
from medseg.io.sign_off_file import read_sign_off
from medseg.review.chain import read_statements
from medseg.review.states import TRANSITIONS, Meaning, State

ANYBODY_WRITES = 0o222
"""The bits of a file's mode that let somebody write."""


def claimed_state(label_map: Path | LabelMapFiles) -> State:
    """Where the latest statement beside a label map puts it, whoever signed it and whatever changed since.

    No trust folder is needed: this decides what may be overwritten, not what may be believed.

    Args:
        label_map: The label map, which need not exist yet.

    Raises:
        LockedError: Its statements are damaged: what they say is not known, so that nothing may change.
    """
    files = _files_of(label_map)
    try:
        statements = read_statements(read_sign_off(files.sign_off))
    except SidecarError as error:
        raise LockedError(
            f"{files.nifti.name} is locked: its statements can't be read ({error.message})",
            hint="save under another name",
            path=str(files.nifti),
        ) from error
    state = State.IN_PROGRESS
    for statement in statements:
        state = _STATE_AFTER[statement.meaning]
    return state


_STATE_AFTER = {
    step: transition.to for (_, step), transition in TRANSITIONS.items() if isinstance(step, Meaning)
}
"""What a signature leads to, whatever was before it. An approval locks also where more of them are needed."""


def require_editable(label_map: Path | LabelMapFiles) -> None:
    """Refuse to overwrite a label map whose latest statement locks it, such as a submission.

    Args:
        label_map: The label map, which need not exist yet.

    Raises:
        LockedError: It is locked (:attr:`State.is_locked`), its statements are damaged, or the file is for
            reading only, as a revision of a study is.
    """
    files = _files_of(label_map)
    _require_writable(files.nifti)
    state = claimed_state(files)
    if state.is_locked:
        raise LockedError(
            f"{files.nifti.name} {_IS.get(state, f'was {state}')} and must not change",
            hint=_way_on(state),
            path=str(files.nifti),
            state=state.value,
        )


def _require_writable(nifti: Path) -> None:
    """Refuse a file that is for reading by its mode: a rename would go over it all the same."""
    if nifti.exists() and not nifti.stat().st_mode & ANYBODY_WRITES:
        raise LockedError(
            f"{nifti.name} is for reading only and must not change",
            hint="save under another name",
            path=str(nifti),
        )


_IS = {State.ADJUDICATION: "waits for adjudication"}
"""Where "was" and the state make no sentence."""


def _way_on(state: State) -> str:
    """What opens a locked label map again, by the table."""
    opening = [step for (start, step), t in TRANSITIONS.items() if start is state and not t.to.is_locked]
    return f"save under another name, or sign as {opening[0]} first" if opening else "save under another name"


@contextmanager
def editing(label_map: Path | LabelMapFiles) -> Iterator[None]:
    """Hold off signatures while a label map is written: nobody signs half of an old and half of a new one.

    Args:
        label_map: The label map, which need not exist yet; its folder must.

    Raises:
        LockedError: It was submitted or approved, or somebody is signing it at this moment.
        OutputError: The folder can't be written.
    """
    files = _files_of(label_map)
    with exclusive(files.sign_off):
        require_editable(files)
        yield


def _files_of(label_map: Path | LabelMapFiles) -> LabelMapFiles:
    return LabelMapFiles(label_map) if isinstance(label_map, Path) else label_map
