"""Which key does what, with the keys that a reader has set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from medseg.errors import InputError
from napari_medseg.actions.action import ACTIONS, Action


class KeyMap:
    """Keys and actions.

    Args:
        own: Keys that the reader has set, by the action's id; all others have theirs.

    Raises:
        InputError: A key is set for two actions.
    """

    def __init__(self, own: Mapping[str, Iterable[str]] | None = None) -> None:
        self._own = {key: tuple(keys) for key, keys in (own or {}).items()}
        self._by_key: dict[str, Action] = {}
        for action in ACTIONS:
            for key in self.keys_of(action):
                other = self._by_key.get(key)
                if other is not None:
                    raise InputError(
                        f"the key {key} is set for {other.name!r} and for {action.name!r}",
                        hint="choose another key for one of them",
                        reason="key-twice",
                    )
                self._by_key[key] = action

    @property
    def own(self) -> Mapping[str, tuple[str, ...]]:
        """The keys that the reader has set."""
        return self._own

    def keys_of(self, action: Action) -> tuple[str, ...]:
        """The keys that do an action."""
        return self._own.get(action.id, action.keys)

    def action_of(self, key: str) -> Action | None:
        """What a key does."""
        return self._by_key.get(key)

    def with_keys(self, action_id: str, keys: Iterable[str]) -> KeyMap:
        """The same with other keys for an action.

        Raises:
            InputError: One of them does something else.
        """
        return KeyMap({**self._own, action_id: tuple(keys)})
