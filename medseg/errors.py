"""Every error that medseg raises on purpose, in one tree.

::

    MedsegError
    ├── GeometryError (3)          a grid or plane that can't exist
    │   └── GridMismatchError      two grids that had to be one
    ├── InputError (4)             a file or folder that can't be taken as what it was given for
    │   ├── NoImagesError          nothing readable in there
    │   ├── UnreadableFileError    damaged, truncated, not of the format
    │   ├── UnsupportedImageError  valid, but of a kind that medseg does not read
    │   ├── NotOneVolumeError      images that don't form one regular volume
    │   └── SidecarError           a sidecar that is missing, damaged or about something else
    ├── ContourError (5)           a contour that can't be, or can't be placed on the grid
    ├── LabelMapError (6)          a label map or structure table that contradicts itself
    ├── ReviewError (7)            a step of the sign-off that is not allowed
    │   ├── TransitionError        not from this state, not by this person
    │   ├── LockedError            submitted or approved content that must not change
    │   ├── SigningKeyError        a key that can't be used: wrong passphrase, not in the roster
    │   └── SessionEndedError      too long since the last signature: say anew who signs
    ├── OutputError (8)            a result that can't be written
    │   └── OutputExistsError      something is there already
    ├── Cancelled (9)              the user stopped it
    ├── StudyError (11)            a study that can't do what was asked
    │   ├── UnknownCaseError       no such case, revision, read or comment
    │   ├── BlindError             another reader's work before both have submitted
    │   ├── ConflictError          somebody else was faster: reload
    │   ├── DamagedStudyError      database and files that contradict each other
    │   └── DatabaseError          a database that can't be reached, or of another version
    └── AssistError (12)           a segmenter that can't propose what it was asked

The number is the exit code of the command line; 1 means "the answer is no" and 2 wrong usage.
A caller's bug stays ``TypeError`` or ``ValueError``.
"""

from __future__ import annotations

from typing import Any, ClassVar


class MedsegError(Exception):
    """Root of the tree.

    Args:
        message: One line: what was expected and what came.
        hint: What the user can do about it.
        **details: The facts of the message as data, for scripts (JSON values).
    """

    exit_code: ClassVar[int] = 10

    def __init__(self, message: str, *, hint: str = "", **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details

    def __reduce__(self) -> tuple[Any, ...]:
        # The default would call the class without its keywords: errors travel between processes.
        return _restore, (type(self), self.message, self.hint, self.details)

    def as_dict(self) -> dict[str, object]:
        """The error as a JSON object."""
        return {
            "error": type(self).__name__,
            "message": self.message,
            "hint": self.hint,
            "details": self.details,
        }


def _restore(cls: type[MedsegError], message: str, hint: str, details: dict[str, object]) -> MedsegError:
    return cls(message, hint=hint, **details)


class GeometryError(MedsegError):
    """A grid or plane that can't exist."""

    exit_code = 3


class GridMismatchError(GeometryError):
    """Two grids that had to be one; ``max_mm`` in the details is the largest corner distance."""


class InputError(MedsegError):
    """A file or folder that can't be taken as what it was given for."""

    exit_code = 4


class NoImagesError(InputError):
    """Nothing readable where images were expected."""


class UnreadableFileError(InputError):
    """A file that is damaged, truncated or not of the expected format."""


class UnsupportedImageError(InputError):
    """A valid image of a kind that medseg does not read."""


class NotOneVolumeError(InputError):
    """Images that don't form one regular volume; ``reason`` in the details is a stable word."""


class SidecarError(InputError):
    """A sidecar that is missing, damaged or about something else."""


class ContourError(MedsegError):
    """A contour that can't be, or that can't be placed on the grid."""

    exit_code = 5


class LabelMapError(MedsegError):
    """A label map or structure table that contradicts itself."""

    exit_code = 6


class ReviewError(MedsegError):
    """A step of the sign-off that is not allowed."""

    exit_code = 7


class TransitionError(ReviewError):
    """A step that is not allowed from this state or by this person."""


class LockedError(ReviewError):
    """Submitted or approved content that must not change."""


class SigningKeyError(ReviewError):
    """A key that can't be used: wrong passphrase, damaged, or not in the roster."""


class SessionEndedError(ReviewError):
    """Too long since the last signature: who signs has to say anew who he is."""


class OutputError(MedsegError):
    """A result that can't be written."""

    exit_code = 8


class OutputExistsError(OutputError):
    """Something is there already, and nothing is overwritten unasked."""


class Cancelled(MedsegError):  # noqa: N818 - it is the user's wish, not a fault
    """The user stopped a long operation; nothing was left half-written."""

    exit_code = 9


class AssistError(MedsegError):
    """A segmenter that can't propose: a hint is missing, a setting is wrong, or it is not one."""

    exit_code = 12


class StudyError(MedsegError):
    """A study that can't do what was asked."""

    exit_code = 11


class UnknownCaseError(StudyError):
    """No such case, revision, read or comment."""


class BlindError(StudyError):
    """Another reader's work, before all readers have submitted theirs."""


class ConflictError(StudyError):
    """Somebody else was faster; nothing was done. Reload and look again."""


class DamagedStudyError(StudyError):
    """Database and files that contradict each other, or a ledger that does not verify."""


class DatabaseError(StudyError):
    """A database that can't be reached, or one of another version of medseg."""
