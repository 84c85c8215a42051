"""Which key does what, with the keys that a reader has set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from medseg.errors import InputError
from napari_medseg.actions.action import ACTIONS, Action

_BY_ID = {action.id: action for action in ACTIONS}


class KeyMap:
    """Keys and actions; immutable.

    A key that the reader has set for an action no longer does what it did at first.

    Args:
        own: Keys that the reader has set, by the action's id; all others have theirs. Ids that are not
            known here, such as those of a later version, are kept and do nothing.

    Raises:
        InputError: A key is set for two actions.
    """

    def __init__(self, own: Mapping[str, Iterable[str]] | None = None) -> None:
        self._own = {key: tuple(keys) for key, keys in (own or {}).items()}
        self._by_key: dict[str, Action] = {}
        for action in ACTIONS:
            for key in self._own.get(action.id, ()):
                self._give(key, action)
        for action in ACTIONS:
            if action.id not in self._own:
                for key in action.keys:
                    self._by_key.setdefault(key, action)

    @property
    def own(self) -> Mapping[str, tuple[str, ...]]:
        """The keys that the reader has set."""
        return self._own

    def keys_of(self, action: Action) -> tuple[str, ...]:
        """The keys that do an action; none where others took them."""
        keys = self._own.get(action.id, action.keys)
        return tuple(key for key in keys if self._by_key.get(key) is action)

    def text_of(self, action: Action) -> str:
        """The keys that do an action, for people."""
        return " or ".join(self.keys_of(action))

    def action_of(self, key: str) -> Action | None:
        """What a key does."""
        return self._by_key.get(key)

    def with_keys(self, action_id: str, keys: Iterable[str]) -> KeyMap:
        """The same with other keys for an action.

        Raises:
            InputError: One of them does something else; see :meth:`with_keys_taken`.
        """
        wanted = tuple(dict.fromkeys(keys))
        for key in wanted:
            other = self._by_key.get(key)
            if other is not None and other.id != action_id:
                raise _twice(key, other, _BY_ID[action_id])
        return KeyMap({**self._own, action_id: wanted})

    def with_keys_taken(self, action_id: str, keys: Iterable[str]) -> KeyMap:
        """The same with other keys for an action, taken from those that had them."""
        wanted = tuple(dict.fromkeys(keys))
        others = {
            other.id: tuple(key for key in self.keys_of(other) if key not in wanted)
            for other in ACTIONS
            if other.id != action_id and set(self.keys_of(other)) & set(wanted)
        }
        return KeyMap({**self._own, **others, action_id: wanted})

    def with_first_keys(self, action_id: str) -> KeyMap:
        """The same with the keys that an action has at first.

        Raises:
            InputError: One of them was set for something else.
        """
        without = KeyMap({key: keys for key, keys in self._own.items() if key != action_id})
        action = _BY_ID[action_id]
        for key in action.keys:
            other = without.action_of(key)
            if other is not None and other is not action:
                raise _twice(key, other, action)
        return without

    def _give(self, key: str, action: Action) -> None:
        other = self._by_key.get(key)
        if other is not None and other is not action:
            raise _twice(key, other, action)
        self._by_key[key] = action


def _twice(key: str, first: Action, second: Action) -> InputError:
    return InputError(
        f"{key} is the key of {first.name!r}, and can't be that of {second.name!r}, too",
        hint="choose another key, or take it from the first",
        reason="key-twice",
    )
