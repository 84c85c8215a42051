"""What the readers of landmarks share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medseg.errors import GeometryError, UnreadableFileError
from medseg.space.handedness import points_to_lps
from medseg.space.landmark import Landmark

MAX_FILE_BYTES = 1 << 26
"""Some hundred thousand points: nobody sets so many by hand."""

FRAMES = ("LPS", "RAS")


@dataclass(frozen=True, eq=False)
class ReadLandmarks:
    """What a file of landmarks says.

    Attributes:
        landmarks: In the order of the file.
        notes: What was left out, assumed or changed, one sentence each.
    """

    landmarks: tuple[Landmark, ...]
    notes: tuple[str, ...] = ()


def damaged(path: Path, message: str, reason: str = "damaged-landmarks") -> UnreadableFileError:
    """The error for a file that is not what its name says."""
    return UnreadableFileError(f"{path.name}: {message}", reason=reason, path=str(path))


def text_of(path: Path) -> str:
    """The text of a file, of bounded size.

    Raises:
        UnreadableFileError: Not there, too large or no text.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise damaged(path, f"can't be read: {error.strerror or error}", "missing") from error
    if len(content) > MAX_FILE_BYTES:
        raise damaged(path, f"it has more than {MAX_FILE_BYTES} bytes", "too-large")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise damaged(path, f"expected UTF-8 text: {error.reason}") from error


def landmark_at(
    name: str,
    position: Sequence[object],
    frame: str,
    description: str,
    path: Path,
    *,
    mm_per_unit: float = 1.0,
) -> Landmark:
    """A landmark from what a file says about it; marks that can't be printed become blanks.

    Raises:
        UnreadableFileError: The position is not three numbers, or the name is empty.
    """
    try:
        numbers = [float(number) * mm_per_unit for number in position]  # type: ignore[arg-type]
        if len(numbers) != 3:
            raise damaged(path, f"expected three numbers for {name[:40]!r}, got {len(numbers)}")
        return Landmark(_line(name), points_to_lps(numbers, frame), _line(description))
    except (TypeError, ValueError, OverflowError, GeometryError) as error:
        raise damaged(path, f"{name[:40]!r} is no landmark: {error}") from error


def _line(text: str) -> str:
    return "".join(mark if mark.isprintable() else " " for mark in text).strip()
