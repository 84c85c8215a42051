"""Segmenters: medseg's own, and those of other packages that are installed beside it."""

from __future__ import annotations

import sys
import textwrap

import numpy as np
import pytest

from medseg.assist import registry
from medseg.assist.proposing import propose
from medseg.assist.segmenter import Hint, Hints, Point, Segmenter, Sphere
from medseg.errors import AssistError
from medseg.volume import Quantity, Source, Volume
from solids import upright

PACKAGE = """
import numpy as np
from medseg.assist.segmenter import Hint, Method, Parameter, Proposal

class Box:
    name = "box"
    title = "Box"
    version = "3"
    needs = frozenset({Hint.POINTS})
    parameters = (Parameter("size", "Size", 2, least=1, most=9),)

    def propose(self, task, *, progress):
        progress("box", 0, 1)
        mask = np.zeros(task.shape_kji, dtype=bool)
        mask[: int(task.number("size"))] = True
        return Proposal({task.structure_ids[0]: mask}, task.region, Method("box", "3", task.parameters))

class Careless(Box):
    name = "careless"

    def propose(self, task, *, progress):
        return Proposal({task.structure_ids[0]: np.zeros((1, 1, 1), dtype=bool)}, task.region, Method("", ""))

NOT_ONE = object()
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put a package with entry points where Python finds it, as pip would."""

    def put(name: str, entries: dict[str, str], code: str = PACKAGE) -> None:
        module = name.replace("-", "_")
        (tmp_path / f"{module}.py").write_text(textwrap.dedent(code))
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        lines = "\n".join(f"{key} = {place}" for key, place in entries.items())
        (info / "entry_points.txt").write_text(f"[{registry.GROUP}]\n{lines}\n")
        monkeypatch.delitem(sys.modules, module, raising=False)

    monkeypatch.syspath_prepend(str(tmp_path))
    return put


@pytest.fixture
def volume() -> Volume:
    grid = upright((4, 5, 6), (2.0, 1.0, 1.0))
    return Volume(grid, np.zeros(grid.shape_kji, np.int16), Quantity.HU, Source("phantom"))


AT = Hints(points=(Point((0.0, 0.0, 0.0), "tumour"),))


@pytest.mark.parametrize("name", list(registry.OWN))
def test_its_own_are_what_they_say(name):
    made = registry.segmenter(name)
    assert isinstance(made, Segmenter)
    assert made.name == name
    assert len({parameter.name for parameter in made.parameters}) == len(made.parameters)
    for parameter in made.parameters:
        assert not parameter.choices or parameter.default in parameter.choices


def test_another_package_adds_one(install, volume):
    install("medseg-box", {"box": "medseg_box:Box"})
    good, bad = registry.usable()
    assert "box" in [one.name for one in good]
    assert bad == ()
    found = propose(registry.segmenter("box"), volume, ["tumour"], AT, parameters={"size": "3"})
    assert np.count_nonzero(found.masks["tumour"]) == 3 * 5 * 6
    assert (found.method.version, found.method.parameters) == ("3", {"size": 3})


def test_a_broken_package_is_told_and_hides_no_other(install):
    install("medseg-box", {"box": "medseg_box:Box"})
    install("medseg-broken", {"broken": "medseg_broken:Gone"}, "raise RuntimeError('no GPU here')")
    install("medseg-other", {"other": "medseg_other:NOT_ONE"})
    good, bad = registry.usable()
    assert "box" in [one.name for one in good]
    assert {one.name: one.origin for one in bad} == {"broken": "medseg-broken", "other": "medseg-other"}
    assert "no GPU here" in bad[0].why
    with pytest.raises(AssistError, match="can't be loaded: RuntimeError: no GPU here"):
        registry.segmenter("broken")


def test_one_name_of_two_packages_is_an_error(install):
    install("medseg-box", {"region-growing": "medseg_box:Box"})
    with pytest.raises(AssistError, match="2 segmenters are called 'region-growing': of medseg, medseg-box"):
        registry.offers()


def test_what_a_careless_one_answers_is_refused(install, volume):
    install("medseg-box", {"careless": "medseg_box:Careless"})
    with pytest.raises(AssistError, match="expected a mask of bool"):
        propose(registry.segmenter("careless"), volume, ["tumour"], AT)


def test_what_is_taken_stays(install, volume):
    install("medseg-box", {"box": "medseg_box:Box"})
    taken = np.zeros((4, 5, 6), dtype=bool)
    taken[0, :, 2:] = True
    found = propose(registry.segmenter("box"), volume, ["tumour"], AT, taken=taken)
    assert not (found.masks["tumour"] & taken).any()
    assert np.count_nonzero(found.masks["tumour"]) == 2 * 5 * 6 - 5 * 4


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"size": 10}, "expected a number from 1 to 9, got 10"),
        ({"size": "large"}, "expected a number from 1 to 9, got 'large'"),
        ({"length": 1}, "has no setting 'length'"),
    ],
)
def test_settings_are_checked(install, volume, given, words):
    install("medseg-box", {"box": "medseg_box:Box"})
    with pytest.raises(AssistError, match=words):
        propose(registry.segmenter("box"), volume, ["tumour"], AT, parameters=given)


def test_words_and_switches_are_checked(volume):
    threshold = registry.segmenter("threshold-in-sphere")
    vessel = registry.segmenter("vessel-between-points")
    ends = Hints(points=(Point((0.0, 0.0, 0.0), "tumour"),))
    ball = Hints(sphere=Sphere((0.0, 0.0, 0.0), 3.0))
    with pytest.raises(AssistError, match="expected one of contrast, otsu, given, got 'high'"):
        propose(threshold, volume, ["tumour"], ball, parameters={"limits": "high"})
    with pytest.raises(AssistError, match="expected yes or no, got 'perhaps'"):
        propose(vessel, volume, ["tumour"], ends, parameters={"bright": "perhaps"})


def test_hints_that_are_missing_are_named(volume):
    for name, words in (
        ("region-growing", "a point within the structure"),
        ("pet-fraction", "a ball around the structure"),
        ("geodesic-contour", "a rough delineation"),
    ):
        with pytest.raises(AssistError, match=words):
            propose(registry.segmenter(name), volume, ["tumour"], Hints())
    with pytest.raises(AssistError, match="a point on the background"):
        propose(registry.segmenter("grow-from-seeds"), volume, ["tumour"], AT)
    with pytest.raises(AssistError, match="expected a structure"):
        propose(registry.segmenter("region-growing"), volume, [], AT)
    with pytest.raises(AssistError, match="expected a segmenter, got 'magic'"):
        registry.segmenter("magic")
    assert Hint.POINTS in registry.segmenter("region-growing").needs
