"""The images that lie on the planes of a case: which one is in front, and how much of it is seen.

Plain Python without Qt or napari.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy.typing as npt

from medseg.volume import Volume
from medseg.volume.resampled import ResampledSlices, value_at
from napari_medseg.case import Case
from napari_medseg.views.pointed_at import value_text

HALF = 0.5
"""Both images equally: where blending begins."""

BLEND_STEP = 0.1


@dataclass(frozen=True, eq=False)
class ImageBeside:
    """A further volume, laid on the grid of the case.

    Attributes:
        name: What people call it.
        volume: The volume on its own grid.
        on_grid: The same on the grid of the case.
    """

    name: str
    volume: Volume
    on_grid: ResampledSlices


@dataclass(frozen=True)
class ValueHere:
    """What an image holds at a place.

    Attributes:
        name: The image.
        value: Of the voxel there, as it was measured; None where the image has none.
        unit: Of the value; empty where it has no physical scale.
    """

    name: str
    value: float | None
    unit: str


class Images:
    """The images of a case.

    One further image at a time is in front, blended with that of the case; contours belong to the patient and
    are seen on all.

    Args:
        case: The case.

    Attributes:
        beside: The further images, in the order in which they were added.
        blend: How much of the image in front is seen: 0 only the case's own, 1 only the one in front.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        case.in_front = None
        self.beside: tuple[ImageBeside, ...] = ()
        self.blend = HALF
        self._front: ImageBeside | None = None
        self._listeners: list[Callable[[], None]] = []

    @property
    def front(self) -> ImageBeside | None:
        """The image that is blended in; None where the case's own is seen alone."""
        return self._front

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Have a function called after each change; returns one that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def add(self, volume: Volume, name: str) -> ImageBeside:
        """Lay a volume on the grid of the case, and bring it to the front.

        Args:
            volume: A volume in the space of the case; see :func:`~medseg.workflows.registered.require_fit`.
            name: What people call it.
        """
        image = ImageBeside(self._free(name), volume, ResampledSlices(volume, self.case.volume.grid))
        self.beside = (*self.beside, image)
        self._front = image
        self._tell()
        return image

    def remove(self, image: ImageBeside) -> None:
        """Take an image away."""
        self.beside = tuple(one for one in self.beside if one is not image)
        if self._front is image:
            self._front = None
        self._tell()

    def show(self, image: ImageBeside | None) -> None:
        """Bring an image to the front, or see the case's own alone."""
        if image is not self._front:
            self._front = image
            self._tell()

    def switch(self) -> None:
        """Go on to the next image: the case's own, then each further one, then the case's own again."""
        order = [None, *self.beside]
        at = next(n for n, image in enumerate(order) if image is self._front)
        self.show(order[(at + 1) % len(order)])

    def set_blend(self, blend: float) -> None:
        """Say how much of the image in front is seen, from 0 to 1."""
        wanted = min(max(blend, 0.0), 1.0)
        if wanted != self.blend:
            self.blend = wanted
            self._tell()

    def step_blend(self, count: int) -> None:
        """See some steps more of the image in front, or less."""
        self.set_blend(round(self.blend + count * BLEND_STEP, 6))

    @property
    def looked_at(self) -> ImageBeside | None:
        """The image of which more is seen, half and half the one in front; None for the case's own."""
        return self._front if self.blend >= HALF else None

    def opacity_of(self, image: ImageBeside) -> float:
        """How much of an image is seen now."""
        return self.blend if image is self._front else 0.0

    def values_at(self, point_lps_mm: npt.ArrayLike) -> tuple[ValueHere, ...]:
        """What every image holds at a place in the patient, the case's own first."""
        named = ((self.case.name, self.case.volume), *((one.name, one.volume) for one in self.beside))
        return tuple(
            ValueHere(name, value_at(volume, point_lps_mm), volume.quantity.unit) for name, volume in named
        )

    def text_at(self, point_lps_mm: npt.ArrayLike) -> str:
        """The same for people: ``40 HU · PET 3.2 g/ml``; nothing of images that don't reach there."""
        beside = ((one.name, value_text(one.volume, point_lps_mm)) for one in self.beside)
        parts = [
            value_text(self.case.volume, point_lps_mm),
            *(f"{name} {text}" for name, text in beside if text),
        ]
        return " · ".join(part for part in parts if part)

    def _free(self, name: str) -> str:
        taken = {image.name for image in self.beside}
        number = next(n for n in range(1, len(taken) + 2) if _numbered(name, n) not in taken)
        return _numbered(name, number)

    def _tell(self) -> None:
        # Tools that go by values work on the image that the reader looks at.
        looked_at = self.looked_at
        self.case.in_front = None if looked_at is None else looked_at.on_grid
        for listener in tuple(self._listeners):
            listener()


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name} ({number})"
