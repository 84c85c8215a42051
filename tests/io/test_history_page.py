"""The page of a story: one file that needs nothing else, and no text of which becomes markup."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from drawn_cases import write_drawn_case
from medseg.errors import GridMismatchError, OutputExistsError
from medseg.io.history_page import write_page
from medseg.io.history_pictures import MAX_TOTAL_BYTES, pictures_of
from medseg.labelmap import LabelMap, Structure
from medseg.provenance.history import Signed
from medseg.provenance.record import Interpolated
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume
from medseg.workflows.history import history
from solids import lump, upright

VOID = {"meta", "img", "br", "link", "input", "hr", "base"}
MB = 1e6


class Page(HTMLParser):
    """Elements, attributes and texts of a page; every element must be closed by its own end."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def named(self, tag):
        """The attributes of each element of a name."""
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self):
        """All that is read, without the style."""
        return " ".join(" ".join(self.texts).split())


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    return write_drawn_case(tmp_path_factory.mktemp("case"))


def page(path, story, label_map, **more):
    write_page(story, label_map, path, **more)
    return Page(path.read_text())


@pytest.mark.parametrize("with_image", [True, False])
def test_a_page_is_one_small_file_that_loads_nothing(tmp_path, case, with_image):
    image = case.image if with_image else None
    made = page(tmp_path / "a.html", history(case.files.nifti), case.label_map, image=image)
    assert (tmp_path / "a.html").stat().st_size < MB
    assert not {"script", "link", "iframe", "object", "form", "base"} & {tag for tag, _ in made.elements}
    for _, attributes in made.elements:
        assert not any(name.startswith("on") or name == "href" for name in attributes)
    sources = [img["src"] for img in made.named("img")]
    assert len(sources) >= 5
    for source in sources:
        kind, data = source.split(",", 1)
        assert kind == "data:image/png;base64"
        assert Image.open(io.BytesIO(base64.b64decode(data))).size[0] > 50
    assert "url(" not in (tmp_path / "a.html").read_text()
    (policy,) = (m["content"] for m in made.named("meta") if m.get("http-equiv"))
    assert policy.startswith("default-src 'none'")


def test_it_can_be_read_aloud(tmp_path, case):
    made = page(tmp_path / "a.html", history(case.files.nifti), case.label_map, image=case.image)
    assert made.named("html") == [{"lang": "en"}]
    assert len(made.named("h1")) == len(made.named("main")) == len(made.named("title")) == 1
    assert all(len(img["alt"]) > 10 for img in made.named("img"))
    assert any("Liver (drawn)" in img["alt"] for img in made.named("img"))
    ids = {attributes["id"] for _, attributes in made.elements if "id" in attributes}
    assert {section["aria-labelledby"] for section in made.named("section")} <= ids
    assert all("scope" in cell for cell in made.named("th"))
    assert all(time["datetime"] for time in made.named("time"))
    for words in ("created by Ada Reader", "k=4, 7, 10", "interpolated on k=5–6, 8–9", "combined.STRENGTH"):
        assert words in made.text


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;</title>"


def test_no_text_becomes_markup(tmp_path, case):
    story = history(case.files.nifti)
    first = story.structures[0]
    spoilt = replace(
        story,
        author=HOSTILE,
        standing=HOSTILE,
        warnings=(HOSTILE,),
        voxels_sha256=HOSTILE,
        source=replace(story.source, modality=HOSTILE, subject=HOSTILE),
        steps=(replace(story.steps[0], by=HOSTILE, software=HOSTILE, notes=(HOSTILE,)),),
        signatures=(Signed("approved", HOSTILE, HOSTILE, HOSTILE, story.steps[0].at, HOSTILE, True, True),),
        structures=(
            replace(
                first,
                structure=Structure("liver", HOSTILE, 1),
                origins=replace(first.origins, drawn=(HOSTILE,)),
                completed=Interpolated(HOSTILE, True, HOSTILE, {HOSTILE: HOSTILE}, HOSTILE),
            ),
        ),
    )
    honest = page(tmp_path / "a.html", story, case.label_map)
    made = page(tmp_path / "b.html", spoilt, case.label_map)
    assert {tag for tag, _ in made.elements} <= {tag for tag, _ in honest.elements} | {"ul"}
    assert len(made.named("img")) == len(honest.named("img"))
    assert not any(name.startswith("on") for _, attributes in made.elements for name in attributes)
    assert made.text.count(HOSTILE) > 10
    assert any(HOSTILE in img["alt"] for img in made.named("img"))


def test_what_does_not_fit_and_what_is_not_recorded_is_said(tmp_path, case):
    story = replace(history(case.files.nifti), warnings=("beware",), steps=(), signatures=(), recorded=False)
    made = page(tmp_path / "a.html", story, case.label_map)
    assert "What does not fit beware" in made.text
    assert "Nothing is recorded" in made.text


def test_neither_the_patient_nor_the_name_of_the_file_is_on_it(tmp_path, case):
    write_page(history(case.files.nifti), case.label_map, tmp_path / "a.html", image=case.image)
    # Any three letters may occur in a picture as text.
    text = re.sub(r"base64,[^\"]+", "", (tmp_path / "a.html").read_text())
    assert not [word for word in ("Doe", "Jane", "4711", "case_dseg", str(case.dicom)) if word in text]


def test_a_large_noisy_image_gives_a_page_below_a_megabyte(tmp_path, case):
    grid = upright((14, 220, 220), (8.0, 0.8, 0.8))
    rng = np.random.default_rng(0)
    noise = rng.integers(-160, 240, grid.shape_kji, dtype=np.int16)
    label_map = LabelMap(grid, (lump(grid, 55).astype(np.uint8),), (Structure("liver", "Liver", 1),))
    image = Volume(grid, noise, Quantity.HU, Source("phantom"))
    story = replace(history(case.files.nifti), structures=history(case.files.nifti).structures[:1])
    pictures = pictures_of(story, label_map, image)
    assert len(pictures) >= 4
    assert sum(len(picture.png) for picture in pictures) <= MAX_TOTAL_BYTES
    write_page(story, label_map, tmp_path / "a.html", image=image)
    assert (tmp_path / "a.html").stat().st_size < MB


def test_an_empty_label_map_has_a_page_without_pictures(tmp_path, case):
    empty = LabelMap(case.image.grid, (np.zeros(case.image.grid.shape_kji, np.uint8),), ())
    made = page(tmp_path / "a.html", replace(history(case.files.nifti), structures=()), empty)
    assert made.named("img") == []


def test_an_image_on_another_grid_is_refused_and_nothing_written(tmp_path, case):
    other = Grid.from_axes(
        (2, 3, 4), origin_lps_mm=(0, 0, 0), step_k_mm=(0, 0, 1), step_j_mm=(0, 1, 0), step_i_mm=(1, 0, 0)
    )
    image = Volume(other, np.zeros((2, 3, 4)), Quantity.HU, Source("phantom"))
    with pytest.raises(GridMismatchError):
        write_page(history(case.files.nifti), case.label_map, tmp_path / "a.html", image=image)
    assert list(tmp_path.iterdir()) == []


def test_a_page_that_is_there_is_not_replaced_unasked(tmp_path, case):
    (tmp_path / "a.html").write_text("precious")
    with pytest.raises(OutputExistsError):
        write_page(history(case.files.nifti), case.label_map, tmp_path / "a.html")
    assert (tmp_path / "a.html").read_text() == "precious"
