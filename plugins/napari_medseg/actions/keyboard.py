"""The keys that are set now: read at the start, kept when the reader sets others."""

from __future__ import annotations

from collections.abc import Callable

from medseg.errors import InputError, MedsegError
from medseg.workflows.key_settings import keep_keys, kept_keys
from napari_medseg.actions.action import ACTIONS
from napari_medseg.actions.key_map import KeyMap

_BY_ID = {action.id: action for action in ACTIONS}


class Keyboard:
    """The reader's keys.

    Args:
        tell: Shows an error: keys that can't be read or kept are told, and never in the way of drawing.
    """

    def __init__(self, tell: Callable[[MedsegError], None]) -> None:
        self._tell = tell
        self._listeners: list[Callable[[], None]] = []
        # Settings that can't be read are not overwritten with others: they may be mended by hand.
        self._may_keep = True
        try:
            self._map = KeyMap(kept_keys())
        except InputError as error:
            self._may_keep = False
            self._map = KeyMap()
            tell(error)

    @property
    def map(self) -> KeyMap:
        """The keys that are set now."""
        return self._map

    def current(self) -> KeyMap:
        """The same, for those that ask at each key."""
        return self._map

    def keys_text(self, action_id: str) -> str:
        """The keys of an action, for a tooltip; empty where it has none."""
        return self._map.text_of(_BY_ID[action_id])

    def set_keys(self, keys: KeyMap) -> None:
        """Use other keys from now on, and at the next start."""
        self._map = keys
        for listener in tuple(self._listeners):
            listener()
        try:
            if not self._may_keep:
                # Says again why; or, mended meanwhile, they may be replaced.
                KeyMap(kept_keys())
                self._may_keep = True
            keep_keys(keys.own)
        except MedsegError as error:
            self._tell(error)

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Have a function called when other keys were set."""
        self._listeners.append(listener)
