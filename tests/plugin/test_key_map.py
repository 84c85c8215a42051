"""Which key does what: as at first, and as a reader sets them."""

from __future__ import annotations

import pytest

from medseg.errors import InputError
from napari_medseg.actions.action import ACTIONS, GROUPS, REPEATED, WITHOUT_A_CASE, in_group
from napari_medseg.actions.key_map import KeyMap

BY_ID = {action.id: action for action in ACTIONS}

OF_THE_DESIGN = {
    "D": "freehand",
    "N": "nudge",
    "B": "brush",
    "L": "live-wire",
    "P": "polygon",
    **{str(n): f"structure-{n}" for n in range(1, 10)},
    "Tab": "draw-next",
    "Space": "accept-slice",
    "Shift+Space": "accept-all",
    "Ctrl+Z": "undo",
    "Ctrl+Y": "redo",
    "?": "help",
}


def test_every_action_has_a_key_of_its_own_and_is_listed_once():
    assert len(BY_ID) == len(ACTIONS)
    keys = [key for action in ACTIONS for key in action.keys]
    assert len(keys) == len(set(keys))
    assert all(action.keys and action.tip and action.name for action in ACTIONS)
    assert [a for group in GROUPS for a in in_group(group)] == list(ACTIONS)
    assert set(BY_ID) >= REPEATED | WITHOUT_A_CASE


@pytest.mark.parametrize(("key", "action"), OF_THE_DESIGN.items())
def test_the_keys_are_those_of_the_design(key, action):
    found = KeyMap().action_of(key)
    assert found is not None
    assert found.id == action


def test_a_key_that_is_set_takes_the_place_of_the_first_one():
    keys = KeyMap().with_keys("brush", ["Y", "Y"])
    assert keys.keys_of(BY_ID["brush"]) == ("Y",)
    assert keys.action_of("Y") is BY_ID["brush"]
    assert keys.action_of("B") is None
    assert keys.own == {"brush": ("Y",)}
    assert KeyMap(keys.own).action_of("Y") is BY_ID["brush"], "what is kept makes the same map"
    assert keys.with_first_keys("brush").own == {}


def test_a_key_that_does_something_else_is_told_and_can_be_taken():
    keys = KeyMap()
    with pytest.raises(
        InputError, match=r"F is the key of 'One or four', and can't be that of 'Freehand'"
    ) as told:
        keys.with_keys("freehand", ["F"])
    assert told.value.details["reason"] == "key-twice"
    taken = keys.with_keys_taken("undo", ["Ctrl+Y"])
    assert taken.keys_of(BY_ID["undo"]) == ("Ctrl+Y",)
    assert taken.keys_of(BY_ID["redo"]) == ("Ctrl+Shift+Z",), "it keeps its others"
    assert taken.action_of("Ctrl+Z") is None
    with pytest.raises(InputError, match=r"Ctrl\+Y is the key of 'Undo'"):
        taken.with_first_keys("redo")


def test_no_keys_can_be_set_too():
    keys = KeyMap().with_keys("delete", [])
    assert keys.text_of(BY_ID["delete"]) == ""
    assert keys.action_of("Del") is None


def test_settings_of_a_later_version_lose_nothing_and_two_for_one_key_are_refused():
    keys = KeyMap({"teleport": ["Y"], "brush": ["D"]})
    assert keys.own["teleport"] == ("Y",)
    assert keys.action_of("Y") is None
    assert keys.action_of("D") is BY_ID["brush"], "what was set counts before what was there at first"
    assert keys.keys_of(BY_ID["freehand"]) == ()
    with pytest.raises(InputError, match="Y is the key of 'Nudge'"):
        KeyMap({"brush": ["Y"], "nudge": ["Y"]})
