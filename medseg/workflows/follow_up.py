"""Follow-up: label maps of one patient at several times, and how the lesions respond by RECIST 1.1."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from medseg._version import __version__
from medseg.errors import LabelMapError
from medseg.io.atomic import write_whole
from medseg.io.label_map_files import LabelMapFiles
from medseg.labelmap import LabelMap
from medseg.measurement.diameter import longest_in_plane
from medseg.measurement.response import (
    Category,
    Confirmed,
    LesionSize,
    NonTarget,
    Proposed,
    TargetLesion,
    TargetResponse,
    overall_response,
    relative_change,
    sum_of_diameters_mm,
    target_response,
)
from medseg.measurement.size import MM3_PER_ML, volume_mm3
from medseg.measurement.structures import StructureVoxels, voxels_of_each
from medseg.progress import Progress, silent
from medseg.provenance.voxel_digest import layers_sha256
from medseg.workflows.follow_up_remarks import SLICE_AXIS, name_of_time, remarks_on_baseline, remarks_on_times
from medseg.workflows.lesions import usual_lesions
from medseg.workflows.open_label_map import SavedLabelMap, open_label_map

__all__ = [
    "Category",
    "Confirmed",
    "FollowUp",
    "NonTarget",
    "Proposed",
    "TimePoint",
    "Word",
    "follow_up",
    "name_of_time",
    "save_follow_up",
]

SCHEMA = "medseg-follow-up/1"


@dataclass(frozen=True)
class Word:
    """What only a reader can say.

    Attributes:
        targets: Ids of the target lesions; empty for what :func:`usual_lesions` finds at baseline.
        nodes: Ids of those target lesions that are lymph nodes.
        non_target: How the lesions that are not measured did.
        new_lesions: Ids of structures of the last label map that are new lesions.
        not_new: Ids of structures that look like new lesions and are none.
        confirmed_by: Name of the reader who confirms the response; empty while it is only proposed.
    """

    targets: Sequence[str] = ()
    nodes: Collection[str] = ()
    non_target: NonTarget = NonTarget.NONE
    new_lesions: Sequence[str] = ()
    not_new: Collection[str] = ()
    confirmed_by: str = ""


@dataclass(frozen=True)
class TimePoint:
    """One label map of a follow-up.

    Attributes:
        label_map: Name of its file, without folders.
        voxels_sha256: Digest of its voxels: which label map was measured.
        sizes: The target lesions.
        volumes_mm3: The volume of each structure by its id, parts included; 0 where it has no voxels.
        target: The target lesions' response; None at baseline.
    """

    label_map: str
    voxels_sha256: str
    sizes: tuple[LesionSize, ...]
    volumes_mm3: dict[str, float]
    target: TargetResponse | None = None

    @property
    def sum_mm(self) -> float | None:
        """Sum of the diameters; None where a lesion was not evaluated."""
        return sum_of_diameters_mm(self.sizes)

    def as_dict(self) -> dict[str, Any]:
        """The time as a JSON object."""
        return {
            "label_map": self.label_map,
            "voxels_sha256": self.voxels_sha256,
            "sum_mm": self.sum_mm,
            "target_lesions": [
                {
                    "structure": size.lesion.id,
                    "name": size.lesion.name,
                    "node": size.lesion.is_node,
                    "diameter_mm": size.diameter_mm,
                }
                for size in self.sizes
            ],
            "target_response": self.target and self.target.as_dict(),
        }


@dataclass(frozen=True)
class FollowUp:
    """A baseline and later times.

    Attributes:
        times: In order, the baseline first.
        names: Names of all structures by their ids.
        response: Overall response at the last time: proposed, or confirmed by a reader.
        possible_new: Ids of lesions that only later label maps have, and of which nobody said what they are.
        notes: What a careful reader should know, one sentence each.
    """

    times: tuple[TimePoint, ...]
    names: dict[str, str]
    response: Proposed | Confirmed
    possible_new: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The follow-up as a JSON object; volumes in ml, changes as fractions of the baseline."""
        return {
            "schema": SCHEMA,
            "software": f"medseg {__version__}",
            "times": [time.as_dict() for time in self.times],
            "structures": list(self._volumes()),
            "response": self.response.as_dict(),
            "possible_new_lesions": list(self.possible_new),
            "notes": list(self.notes),
        }

    def _volumes(self) -> Iterator[dict[str, Any]]:
        for structure_id, name in self.names.items():
            volumes = [time.volumes_mm3.get(structure_id) for time in self.times]
            yield {
                "structure": structure_id,
                "name": name,
                "volume_ml": [None if one is None else one / MM3_PER_ML for one in volumes],
                "change_from_baseline": [relative_change(volumes[0], one) for one in volumes],
            }


def follow_up(
    label_maps: Sequence[Path | str], word: Word = Word(), *, progress: Progress = silent
) -> FollowUp:
    """Compare label maps of one patient at several times.

    Structures are matched by their ids: a lesion keeps its own. One that a later label map does not list was
    not evaluated; one that it lists without voxels is gone.

    Args:
        label_maps: Files, the baseline first, then in the order of time.
        word: What the reader says: which lesions, what else was seen, and whether the response is confirmed.
        progress: Called before each label map.

    Raises:
        InputError: A file can't be read.
        LabelMapError: ``no-target-lesions``, ``not-at-baseline``, ``no-such-lesion``, ``other-patient``,
            ``same-label-map``; or the response is to be confirmed before somebody has said what the possible
            new lesions are (``new-lesions-open``).
        ValueError: Fewer than two label maps.
    """
    if len(label_maps) < 2:
        raise ValueError(f"expected a baseline and a later label map, got {len(label_maps)}")
    saved: list[SavedLabelMap] = []
    for number, path in enumerate(label_maps):
        progress("Reading", number, len(label_maps))
        saved.append(open_label_map(path))
    _require_one_patient(saved)
    lesions = _target_lesions(saved[0].label_map, word)
    times: list[TimePoint] = []
    for number, (path, one) in enumerate(zip(label_maps, saved, strict=True)):
        progress("Measuring", number, len(label_maps))
        times.append(_measured(LabelMapFiles(Path(path)).nifti.name, one.label_map, lesions, times))
    _require_different(times)
    possible_new = _possible_new(saved, word)
    response = _response(times, word, possible_new)
    names = {each.id: each.name for one in reversed(saved) for each in one.label_map.structures}
    order = {each.id: names[each.id] for one in saved for each in one.label_map.structures}
    maps = [one.label_map for one in saved]
    notes = (*remarks_on_baseline(maps[0], times[0].sizes), *remarks_on_times(maps, [t.sizes for t in times]))
    return FollowUp(tuple(times), order, response, possible_new, notes)


def save_follow_up(found: FollowUp, path: Path | str, *, overwrite: bool = False) -> None:
    """Write a follow-up as a record: digests of the label maps, numbers, the response, who confirmed it.

    Raises:
        OutputExistsError, OutputError: It can't be written.
    """
    record = found.as_dict() | {"saved_at": datetime.now(UTC).isoformat(timespec="seconds")}
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
    write_whole(Path(path), text.encode(), overwrite=overwrite)


def _target_lesions(baseline: LabelMap, word: Word) -> tuple[TargetLesion, ...]:
    ids = tuple(dict.fromkeys(word.targets)) or usual_lesions(baseline)
    there = {voxels.structure.id for voxels in voxels_of_each(baseline) if not voxels.is_empty}
    missing = [one for one in ids if one not in there]
    if missing:
        raise LabelMapError(
            f"expected the target lesions at baseline, but {missing[0]!r} has no voxels there",
            hint="target lesions are chosen at baseline; a lesion that comes later is a new one",
            reason="not-at-baseline",
        )
    if not ids:
        raise LabelMapError(
            "nothing says which structures are the target lesions: none is coded as an abnormality",
            hint="name them by their ids",
            reason="no-target-lesions",
        )
    _require_among(word.nodes, ids, "lymph node of the target lesions")
    return tuple(TargetLesion(one, baseline.structure(one).name, one in word.nodes) for one in ids)


def _measured(
    name: str, label_map: LabelMap, lesions: Sequence[TargetLesion], earlier: Sequence[TimePoint]
) -> TimePoint:
    cut = {voxels.structure.id: voxels for voxels in voxels_of_each(label_map)}
    sizes = tuple(_size(lesion, cut.get(lesion.id)) for lesion in lesions)
    return TimePoint(
        name,
        layers_sha256(label_map.layers),
        sizes,
        {one: volume_mm3(voxels.mask, voxels.grid) for one, voxels in cut.items()},
        target_response([*(time.sizes for time in earlier), sizes]) if earlier else None,
    )


def _size(lesion: TargetLesion, voxels: StructureVoxels | None) -> LesionSize:
    if voxels is None:
        return LesionSize(lesion, None)
    if voxels.is_empty:
        return LesionSize(lesion, 0.0)
    found = longest_in_plane(voxels.mask, voxels.grid, SLICE_AXIS)
    return LesionSize(lesion, (found.perpendicular if lesion.is_node else found.longest).value)


def _possible_new(saved: Sequence[SavedLabelMap], word: Word) -> tuple[str, ...]:
    """Lesions of the last label map that the baseline has no voxels of, and that nobody spoke of."""
    baseline, last = (
        {v.structure.id for v in voxels_of_each(one.label_map) if not v.is_empty}
        for one in (saved[0], saved[-1])
    )
    new = [each for each in saved[-1].label_map.structures if each.id in last - baseline]
    _require_among((*word.new_lesions, *word.not_new), [each.id for each in new], "new structure")
    said = {*word.new_lesions, *word.not_new}
    return tuple(each.id for each in new if each.id not in said)


def _response(times: Sequence[TimePoint], word: Word, possible_new: Sequence[str]) -> Proposed | Confirmed:
    target = times[-1].target
    assert target is not None  # noqa: S101 - there are at least two times
    proposed = overall_response(target, word.non_target, word.new_lesions)
    if not word.confirmed_by.strip():
        return proposed
    if possible_new:
        raise LabelMapError(
            f"expected the reader's word on what the baseline lacks: {', '.join(possible_new)}; a response "
            "can't be confirmed before",
            hint="call it a new lesion, or say that it is none",
            reason="new-lesions-open",
        )
    return proposed.confirmed(word.confirmed_by, datetime.now(UTC))


def _require_among(said: Collection[str], ids: Collection[str], what: str) -> None:
    for one in said:
        if one not in ids:
            raise LabelMapError(
                f"expected a {what}, got {one!r}; there are {list(ids)}", reason="no-such-lesion"
            )


def _require_one_patient(saved: Sequence[SavedLabelMap]) -> None:
    subjects = {one.record.source.subject for one in saved if one.record}
    if len(subjects - {None}) > 1:
        raise LabelMapError(
            "the label maps are of different patients, as their records say",
            hint="a follow-up is of one patient",
            reason="other-patient",
        )


def _require_different(times: Sequence[TimePoint]) -> None:
    seen: dict[str, str] = {}
    for time in times:
        if time.voxels_sha256 in seen:
            raise LabelMapError(
                f"{time.label_map} holds the same voxels as {seen[time.voxels_sha256]}",
                hint="name the label map of each time once",
                reason="same-label-map",
            )
        seen[time.voxels_sha256] = time.label_map
