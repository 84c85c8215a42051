"""The segmenters that there are: medseg's own, and those of other packages that are installed beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from medseg.assist.segmenter import Segmenter
from medseg.errors import AssistError

GROUP = "medseg.segmenters"
"""The group of entry points by which other packages add theirs."""

_CLASSICAL = "medseg.assist.classical"

OWN: Mapping[str, str] = {
    "threshold-in-sphere": f"{_CLASSICAL}.threshold:ThresholdInSphere",
    "region-growing": f"{_CLASSICAL}.region_growing:RegionGrowing",
    "confidence-connected": f"{_CLASSICAL}.region_growing:ConfidenceConnected",
    "grow-from-seeds": f"{_CLASSICAL}.grow_from_seeds:GrowFromSeeds",
    "geodesic-contour": f"{_CLASSICAL}.geodesic_contour:GeodesicContour",
    "pet-fraction": f"{_CLASSICAL}.pet_fraction:PetFraction",
    "pet-gradient": f"{_CLASSICAL}.pet_gradient:PetGradient",
    "vessel-between-points": f"{_CLASSICAL}.vessel:VesselBetweenPoints",
}
"""medseg's own by name, each with its module and object; a module is imported when its segmenter is used."""


@dataclass(frozen=True)
class Offer:
    """A segmenter that can be had.

    Attributes:
        name: What it is called.
        origin: The package that it comes from.
        load: Makes it.
    """

    name: str
    origin: str
    load: Callable[[], Segmenter]


@dataclass(frozen=True)
class Unusable:
    """A segmenter of another package that can't be had.

    Attributes:
        name: What it would be called.
        origin: The package that it comes from.
        why: One sentence.
    """

    name: str
    origin: str
    why: str


def offers() -> tuple[Offer, ...]:
    """All segmenters, medseg's own first. Nothing is imported, so a broken one is found when it is used.

    Raises:
        AssistError: Two packages use one name: which is meant would be decided by chance.
    """
    own = [Offer(name, "medseg", _own(place)) for name, place in OWN.items()]
    others = sorted(_entries(), key=lambda entry: entry.name)
    found = (*own, *(Offer(entry.name, _origin(entry), _other(entry)) for entry in others))
    _require_unique(found)
    return found


def segmenter(name: str) -> Segmenter:
    """The segmenter of a name.

    Raises:
        AssistError: There is none, it can't be loaded, or it is none.
    """
    found = {offer.name: offer for offer in offers()}
    if name not in found:
        raise AssistError(
            f"expected a segmenter, got {name!r}",
            hint=f"there are {', '.join(found) or 'none'}",
            reason="no-such-segmenter",
        )
    return found[name].load()


def usable() -> tuple[tuple[Segmenter, ...], tuple[Unusable, ...]]:
    """All that can be loaded, and what can't, with the reason: a broken one must not hide the others."""
    good, bad = [], []
    for offer in offers():
        try:
            good.append(offer.load())
        except AssistError as error:
            bad.append(Unusable(offer.name, offer.origin, error.message))
    return tuple(good), tuple(bad)


def _entries() -> Iterable[EntryPoint]:
    return entry_points(group=GROUP)


def _origin(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.module


def _own(place: str) -> Callable[[], Segmenter]:
    def load() -> Segmenter:
        module, _, name = place.partition(":")
        made: Segmenter = getattr(import_module(module), name)()
        return made

    return load


def _other(entry: EntryPoint) -> Callable[[], Segmenter]:
    def load() -> Segmenter:
        try:
            loaded = entry.load()
            made = loaded() if isinstance(loaded, type) else loaded
        except Exception as error:
            # Whatever somebody else's package does while it is imported.
            raise AssistError(
                f"{entry.name} of {_origin(entry)} can't be loaded: {type(error).__name__}: {error}",
                hint="install what it needs, or remove the package",
                reason="segmenter-not-loaded",
            ) from error
        if not isinstance(made, Segmenter) or made.name != entry.name:
            raise AssistError(
                f"{entry.name} of {_origin(entry)} is no segmenter of this name",
                hint="tell whoever wrote it: see medseg.assist.segmenter",
                reason="no-segmenter",
            )
        return made

    return load


def _require_unique(found: Iterable[Offer]) -> None:
    found = tuple(found)
    for name, count in Counter(offer.name for offer in found).items():
        if count > 1:
            origins = ", ".join(offer.origin for offer in found if offer.name == name)
            raise AssistError(
                f"{count} segmenters are called {name!r}: of {origins}",
                hint="remove all but one of these packages",
                reason="segmenter-twice",
            )
