"""The voxels that are shown: of the label map, or of what the engine proposes while it is drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.labelmap import LabelMap, Structure
from medseg.workflows.delineate import Changed


class Fill:
    """Arrays that all views share, so that what changes in one box is copied once.

    Attributes:
        arrays: One ``[k, j, i]`` for each layer of the label map, to be looked at only.
        structures: What their labels mean.
        hidden: Ids of the structures that are not shown.
        is_live: Whether they follow the reader; a label map that is made meanwhile says nothing new.
    """

    def __init__(self) -> None:
        self.arrays: tuple[npt.NDArray[Any], ...] = ()
        self.structures: tuple[Structure, ...] = ()
        self.is_live = False
        self.hidden: frozenset[str] = frozenset()
        self._owned: tuple[npt.NDArray[Any], ...] = ()
        self._listeners: list[Callable[[bool], None]] = []

    def subscribe(self, listener: Callable[[bool], None]) -> None:
        """Have a function called after each change; with True where the arrays are others than before."""
        self._listeners.append(listener)

    def unsubscribe(self, listener: Callable[[bool], None]) -> None:
        """Stop that."""
        self._listeners.remove(listener)

    @property
    def shown_structures(self) -> tuple[Structure, ...]:
        """Those whose labels have a colour."""
        return tuple(s for s in self.structures if s.id not in self.hidden)

    def hide(self, hidden: frozenset[str]) -> None:
        """Show all structures but these."""
        self.hidden = hidden
        self._tell(whole=True)

    def show_label_map(self, label_map: LabelMap) -> None:
        """Show a label map, unless what is shown follows the reader."""
        if not self.is_live:
            self.arrays, self.structures = label_map.layers, label_map.structures
            self._tell(whole=True)

    def follow(self, changed: Changed, structures: tuple[Structure, ...]) -> None:
        """Take over what the engine changed."""
        whole = changed.is_whole or not self.is_live
        self.is_live = True
        self.structures = structures
        if whole:
            self._owned = changed.layers
            self.arrays = tuple(_looked_at(array) for array in changed.layers)
        else:
            for array, labels in zip(self._owned, changed.layers, strict=True):
                array[changed.box] = labels
        self._tell(whole=whole)

    def _tell(self, *, whole: bool) -> None:
        for listener in tuple(self._listeners):
            listener(whole)


def _looked_at(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    view = array.view()
    view.setflags(write=False)
    return np.asarray(view)
