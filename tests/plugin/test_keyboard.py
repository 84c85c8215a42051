"""The keys that a reader has set are there at the next start; what can't be read or kept is told."""

from __future__ import annotations

import json

import pytest

from medseg.workflows.key_settings import key_settings_path
from napari_medseg.actions.keyboard import Keyboard


@pytest.fixture(autouse=True)
def own_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr("sys.platform", "linux")


def test_keys_are_kept_and_listeners_are_told():
    told, heard = [], []
    keyboard = Keyboard(told.append)
    keyboard.subscribe(lambda: heard.append(keyboard.keys_text("brush")))
    keyboard.set_keys(keyboard.map.with_keys("brush", ["Y", "Ctrl+J"]))
    assert heard == ["Y or Ctrl+J"]
    assert Keyboard(told.append).keys_text("brush") == "Y or Ctrl+J"
    assert told == []
    kept = json.loads(key_settings_path().read_text())
    assert kept == {"format": "medseg-settings/1", "keys": {"brush": ["Y", "Ctrl+J"]}}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{", "can't be read"),
        ('{"keys": {}}', "whose format is medseg-settings/1"),
        ('{"format": "medseg-settings/1", "keys": {"brush": "Y"}}', "expected lists of keys"),
        ('{"format": "medseg-settings/1", "keys": {"brush": ["Y"], "nudge": ["Y"]}}', "Y is the key of"),
        ("[" * 100_000, "can't be read"),
        (" " * (1 << 21), "larger than"),
    ],
)
def test_damaged_settings_are_told_and_never_overwritten(content, why):
    path = key_settings_path()
    path.parent.mkdir(parents=True)
    path.write_text(content)
    told = []
    keyboard = Keyboard(told.append)
    assert keyboard.keys_text("brush") == "B"
    assert why in told[0].message
    keyboard.set_keys(keyboard.map.with_keys("brush", ["Y"]))
    assert keyboard.keys_text("brush") == "Y", "it counts until the end"
    assert len(told) == 2
    assert path.read_text() == content


def test_settings_that_were_mended_meanwhile_are_kept_again():
    path = key_settings_path()
    path.parent.mkdir(parents=True)
    path.write_text("{")
    told = []
    keyboard = Keyboard(told.append)
    path.unlink()
    keyboard.set_keys(keyboard.map.with_keys("brush", ["Y"]))
    assert len(told) == 1
    assert Keyboard(told.append).keys_text("brush") == "Y"


def test_a_folder_that_can_not_be_written_is_told(tmp_path):
    (tmp_path / "config").write_text("no folder")
    told = []
    keyboard = Keyboard(told.append)
    keyboard.set_keys(keyboard.map.with_keys("brush", ["Y"]))
    assert keyboard.keys_text("brush") == "Y"
    assert [error.message for error in told] == ["could not make the folder for settings: Not a directory"]
