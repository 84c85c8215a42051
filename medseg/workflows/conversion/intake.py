"""Inputs → planned volumes, images that are none, and an account of every file."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from medseg.io.dicom.find import Inventory, find_series
from medseg.io.dicom.options import ReadOptions
from medseg.io.dicom.plan import Outcome, VolumePlan, plan_inventory
from medseg.io.dicom.summary import summarise, summarise_unreadable
from medseg.io.manifest_entry import ManifestEntry
from medseg.io.volume_summary import VolumeSummary, printable
from medseg.progress import Progress, silent

MASKED = "‹file›"
"""Stands for the name of a source file where that must not be shown: it may be a patient's."""


@dataclass(frozen=True)
class Intake:
    """What was found in the inputs.

    Attributes:
        outcomes: Every volume that can be converted and every group of images that can't, in a fixed order.
        unreadable: One entry for each file that is too damaged to belong to any series.
        files: By path relative to the folder that all inputs share: the ids of the volumes that it belongs
            to, divided by a space, or the reason why it was passed over. Bytes that are no UTF-8 are escaped.
    """

    outcomes: tuple[Outcome, ...]
    unreadable: tuple[ManifestEntry, ...]
    files: dict[str, str]

    @property
    def plans(self) -> tuple[VolumePlan, ...]:
        """The volumes that can be converted."""
        return tuple(outcome for outcome in self.outcomes if isinstance(outcome, VolumePlan))

    def summaries(self) -> Iterator[VolumeSummary]:
        """Everything in a few words."""
        yield from map(summarise, self.outcomes)
        yield from (entry.summary for entry in self.unreadable)


def take_in(
    inputs: Sequence[Path],
    options: ReadOptions,
    *,
    outside_of: Path | None = None,
    workers: int = 1,
    progress: Progress = silent,
) -> Intake:
    """Look through the inputs and plan every volume, without reading a pixel.

    Args:
        inputs: Files and folders; a series may be spread over several.
        options: What is converted or resampled.
        outside_of: A folder whose files are no inputs: that of the results, which may lie in an input.
        workers: How many processes may share the reading of headers.
        progress: Told before each header.

    Raises:
        NoImagesError: The inputs hold no image at all.
        InputError: An input doesn't exist.
    """
    inventory = find_series([path.absolute() for path in inputs], workers=workers, progress=progress)
    if outside_of is not None:
        inventory = _without(inventory, outside_of.resolve())
    inventory.require_images()
    outcomes = plan_inventory(inventory, options)
    return Intake(
        outcomes, tuple(_unreadable(inventory)), _account(inventory, outcomes, common_folder(inputs))
    )


def common_folder(inputs: Iterable[Path]) -> Path:
    """The folder that all inputs share, absolute."""
    return Path(os.path.commonpath([(path if path.is_dir() else path.parent).absolute() for path in inputs]))


def without_names(message: str, paths: Iterable[Path]) -> str:
    """A message in which the names of source files are masked.

    >>> without_names("DOE_JANE.dcm is damaged", [Path("in/DOE_JANE.dcm")])
    '‹file› is damaged'
    """
    mentioned = {
        name
        for path in paths
        for name in map(printable, (str(path), f"{path.parent.name}/{path.name}", path.name))
        if len(name) >= _TELLING and name in message
    }
    # Longest first: one name may be a part of another.
    for name in sorted(mentioned, key=len, reverse=True):
        message = re.sub(rf"(?<![\w.]){re.escape(name)}(?!\w)", MASKED, message)
    return message


_TELLING = 4
"""Shorter names, such as ``I1`` or ``12``, tell nothing, and would be taken for words and numbers."""


def shown_message(outcome: Outcome, message: str) -> str:
    """A message about an outcome, as a screen or a log may show it."""
    series = outcome.series
    paths = {header.path for header in (*outcome.headers, *series.headers)}
    return without_names(message, paths.union(series.copies, series.suspects)) if message else ""


def _unreadable(inventory: Inventory) -> Iterator[ManifestEntry]:
    for summary, file in zip(summarise_unreadable(inventory), inventory.unreadable, strict=True):
        yield ManifestEntry(summary, shown=without_names(summary.message, [file.path]))


def _without(inventory: Inventory, folder: Path) -> Inventory:
    return replace(
        inventory,
        passed_over=tuple(file for file in inventory.passed_over if not file.path.is_relative_to(folder)),
    )


def _account(inventory: Inventory, outcomes: Iterable[Outcome], root: Path) -> dict[str, str]:
    ids: defaultdict[Path, dict[str, None]] = defaultdict(dict)
    for outcome in outcomes:
        for header in outcome.headers:
            ids[header.path][outcome.id] = None
    owners = {file.path: file.reason for file in inventory.passed_over}
    for series in inventory.series:
        # An image may be left out of its volume because another is the same.
        owners |= {header.path: "identical-copy" for header in series.headers}
        owners |= dict.fromkeys(series.copies, "identical-copy")
    owners |= {path: " ".join(of_file) for path, of_file in ids.items()}
    return {
        printable(os.path.relpath(path, root).replace(os.sep, "/")): owner
        for path, owner in sorted(owners.items())
    }
