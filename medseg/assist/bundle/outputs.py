"""What a bundle's labels mean: structures with the names of its metadata."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.assist.bundle.files import Bundle
from medseg.assist.bundle.shown import shown
from medseg.labelmap import NOTHING, Structure, structure_id_for
from medseg.volume import Quantity, Volume

BACKGROUND = ("background", "bg", "none")

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a bundle proposes.

    Attributes:
        structures: In the order of the bundle's channels, with the labels that the bundle itself gives.
        masks: The voxels ``[k, j, i]`` of each by its id, on the grid of the case, made when it is asked for;
            they may overlap where the bundle gives each its own channel.
        remarks: What a reader should know, one sentence each.
    """

    structures: tuple[Structure, ...]
    masks: Mapping[str, Mask]
    remarks: tuple[str, ...] = ()


class _Masks(Mapping[str, Mask]):
    """Masks of labels that are held once: a hundred organs would take a hundred times the memory."""

    def __init__(self, labels: npt.NDArray[Any], where: Mapping[str, tuple[int, int | None]]) -> None:
        self._labels = labels
        self._where = where

    def __getitem__(self, structure_id: str) -> Mask:
        channel, label = self._where[structure_id]
        voxels = self._labels[channel]
        return np.asarray(voxels > 0 if label is None else voxels == label)

    def __iter__(self) -> Iterator[str]:
        return iter(self._where)

    def __len__(self) -> int:
        return len(self._where)


def remarks_on(volume: Volume, bundle: Bundle) -> tuple[str, ...]:
    """What is odd about running a bundle on an image: that it was made for another modality."""
    found = "CT" if volume.quantity is Quantity.HU else volume.source.modality
    if not bundle.modality or not found or bundle.modality == found:
        return ()
    return (f"The bundle was made for {bundle.modality}, and the image is {found}.",)


def announced(bundle: Bundle) -> tuple[Structure, ...]:
    """The structures that a bundle finds, as its metadata name them: known before it runs."""
    named = bundle.channel_names
    first = 1 if 0 in named and named[0].lower() not in BACKGROUND else 0
    structures: list[Structure] = []
    for number, name in sorted(named.items()):
        if name.lower() not in BACKGROUND:
            structures.append(_structure(number + first, named[number], structures))
    return tuple(structures)


def as_prediction(labels: npt.NDArray[np.unsignedinteger], bundle: Bundle) -> Prediction:
    """Name the labels of a bundle.

    One channel holds a label a structure; of several channels each is a structure of its own, such as the
    parts of a brain tumour, which contain each other.

    Args:
        labels: ``[channel, k, j, i]``, 0 for no structure.
        bundle: Whose metadata name them, by ``channel_def``.
    """
    named = bundle.channel_names
    wanted = {number for number, name in named.items() if name.lower() not in BACKGROUND}
    if labels.shape[0] > 1:
        # Without a background, channel 0 is a structure too: labels begin at 1.
        first = 1 if 0 in wanted else 0
        channels = [n for n in range(labels.shape[0]) if n in wanted or n not in named]
        where: dict[int, tuple[int, int | None]] = {n + first: (n, None) for n in channels}
        return _named(labels, where, {n + first: name for n, name in named.items()})
    if wanted == {0}:  # a bundle of one structure: what is above its threshold
        named, wanted = {1: named[0]}, {1}
    present = np.flatnonzero(np.bincount(labels.reshape(-1))).tolist()
    return _named(labels, {n: (0, n) for n in sorted({*wanted, *present} - {0})}, named)


def _named(
    labels: npt.NDArray[Any], where: Mapping[int, tuple[int, int | None]], named: Mapping[int, str]
) -> Prediction:
    structures: list[Structure] = []
    for label in where:
        structures.append(_structure(label, named.get(label, ""), structures))
    unnamed = [s.label for s in structures if not _plain(named.get(s.label, ""))]
    masks = _Masks(labels, {s.id: place for s, place in zip(structures, where.values(), strict=True)})
    remarks = [f"The bundle does not say what its label {label} is." for label in unnamed]
    remarks += [f"{s.name}: the bundle found none." for s in structures if not masks[s.id].any()]
    return Prediction(tuple(structures), masks, tuple(remarks))


def _structure(label: int, name: str, others: Sequence[Structure]) -> Structure:
    shown = _plain(name) or f"Structure {label}"
    return Structure(structure_id_for(shown, {other.id for other in others}), shown, label)


def _plain(name: str) -> str:
    """A name that a structure can have; empty where there is none."""
    plain = shown(name)
    return "" if plain == NOTHING else plain
