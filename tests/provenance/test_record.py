"""The record: what was done to a label map, read back as it was written, the first schema included."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg.errors import SidecarError
from medseg.provenance.record import Interpolated, Model, Record, SliceOrigins
from medseg.provenance.source_digest import source_sha256
from medseg.provenance.step import Activity, Step, StepInput, imported, resampled
from medseg.volume import Source, SourceFile

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
SOURCE = Source("DICOM", (SourceFile("ab" * 32, "1.2.3.4"),), "1.2.3", "1.2", "CT", "3f9a")


def record(voxels="aa" * 32, created=NOON, author="Ada Reader", **more):
    given = {"structures": {"tumour": SliceOrigins(("k=2",), (), ("k=3",), ("k=4",))}}
    return Record(author=author, created=created, source=SOURCE, voxels_sha256=voxels, **given | more)


texts = st.text(max_size=20)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
times = st.datetimes(timezones=st.just(UTC)).map(lambda time: time.replace(microsecond=0))
steps = st.builds(
    Step,
    activity=st.sampled_from(Activity),
    at=times,
    by=texts,
    software=texts,
    from_voxels_sha256=st.none() | digests,
    to_voxels_sha256=st.none() | digests,
    inputs=st.lists(st.builds(StepInput, texts, texts, digests), max_size=2).map(tuple),
    notes=st.lists(texts, max_size=2).map(tuple),
)
numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.booleans()
origins = st.builds(SliceOrigins, *[st.lists(texts, max_size=3).map(tuple)] * 4)


@given(
    st.builds(
        Record,
        author=texts,
        created=times,
        source=st.just(SOURCE),
        voxels_sha256=digests,
        structures=st.just({"a": SliceOrigins()}) | st.dictionaries(st.just("a"), origins, min_size=1),
        completed=st.dictionaries(
            st.just("a"),
            st.builds(
                Interpolated, texts, st.booleans(), texts, st.dictionaries(texts, numbers | texts), texts
            ),
        ),
        notes=st.lists(texts, max_size=3).map(tuple),
        software=texts,
        models=st.dictionaries(st.just("a"), st.builds(Model, texts, texts, st.none() | digests)),
        steps=st.lists(steps, max_size=3).map(tuple),
    )
)
def test_a_record_reads_back_as_it_was_written(written):
    assert Record.from_dict(written.as_dict()) == written


def test_a_record_of_the_first_schema_still_reads_and_has_one_step():
    document = record(notes=("mind the gap",)).as_dict()
    ours = document["medseg"]
    ours["schema"] = "medseg-provenance/1"
    del ours["steps"], ours["source"]["subject"]
    ours["structures"]["tumour"] = {
        "drawn": ["k=2"],
        "imported": [],
        "interpolated": ["k=3"],
        "method": "old",
    }
    read = Record.from_dict(document)
    assert read.structures["tumour"] == SliceOrigins(("k=2",), (), ("k=3",))
    assert read.completed["tumour"] == Interpolated("old", software=read.software)
    assert read.steps == ()
    (step,) = read.story
    assert (step.activity, step.by, step.at) == (Activity.CREATED, "Ada Reader", NOON)
    assert (step.to_voxels_sha256, step.notes) == (read.voxels_sha256, ("mind the gap",))


def test_a_new_label_map_is_created_and_a_draft_that_is_written_over_edited():
    first = record().following(None)
    second = record("bb" * 32, LATER, "Ben").following(first)
    third = record("cc" * 32, LATER).following(second)
    assert [step.activity for step in third.steps] == ["created", "edited", "edited"]
    assert [step.by for step in third.steps] == ["Ada Reader", "Ben", "Ada Reader"]
    chain = [(step.from_voxels_sha256, step.to_voxels_sha256) for step in third.steps]
    assert chain == [(None, "aa" * 32), ("aa" * 32, "bb" * 32), ("bb" * 32, "cc" * 32)]


def test_an_edit_of_a_record_without_steps_keeps_what_made_it():
    old = record()
    assert [s.activity for s in record("bb" * 32).following(old).steps] == ["created", "edited"]


def test_an_import_that_was_resampled_says_so_in_order():
    told = (
        imported("Ada", NOON, format="DICOM SEG", sha256="dd" * 32, notes=["two segments were left out"]),
        resampled("Ada", NOON, from_voxels_sha256="ee" * 32, notes=["nearest neighbour"]),
    )
    steps = record().following(None, told).steps
    assert [step.activity for step in steps] == ["imported", "resampled"]
    assert steps[0].inputs == (StepInput("label map", "DICOM SEG", "dd" * 32),)
    assert [step.to_voxels_sha256 for step in steps] == ["ee" * 32, "aa" * 32]


@pytest.mark.parametrize(
    "damage",
    [
        {"schema": "medseg-provenance/3"},
        {"schema": ["medseg-provenance/2"]},
        {"created": "2026-03-04T12:00:00"},
        {"created": 5},
        {"notes": "one"},
        {"notes": [1]},
        {"steps": 7},
        {"steps": [{}]},
        {"steps": [{**Step(Activity.EDITED, NOON, "Ada").as_dict(), "activity": "stolen"}]},
        {"steps": [{**Step(Activity.EDITED, NOON, "Ada").as_dict(), "at": "2026-03-04T12:00:00"}]},
        {"structures": []},
        {"structures": {"a": {"drawn": "k=3", "imported": [], "interpolated": []}}},
        {"structures": {"a": {"drawn": [], "imported": [], "interpolated": [], "model": 3}}},
        {"structures": {"a": {"drawn": [], "imported": [], "interpolated": [], "method": "m", "image": 1}}},
        {"source": {}},
        {"source": {**record().as_dict()["medseg"]["source"], "series_uid": {"x": 1}}},
    ],
)
def test_a_damaged_record_is_a_typed_error(damage):
    document = record().as_dict()
    document["medseg"] |= damage
    with pytest.raises(SidecarError, match="record"):
        Record.from_dict(document)


@pytest.mark.parametrize("document", [[], None, 3, {"medseg": 3}, {"medseg": []}, {}])
def test_what_is_no_record_is_a_typed_error(document):
    with pytest.raises(SidecarError):
        Record.from_dict(document)


def test_what_a_model_proposed_is_not_manual():
    drawn = record(structures={"tumour": SliceOrigins(("k=2",))})
    assert drawn.as_dict()["Manual"] is True
    assert replace(drawn, models={"tumour": Model("net")}).as_dict()["Manual"] is False


def test_one_digest_stands_for_all_files_of_an_image_in_any_order():
    one, two = SourceFile("aa" * 32, "1"), SourceFile("bb" * 32, "2")
    assert source_sha256(Source("DICOM")) is None
    assert source_sha256(Source("NIfTI", (one,))) == "aa" * 32
    both = source_sha256(Source("DICOM", (one, two)))
    assert both == source_sha256(Source("DICOM", (two, one)))
    assert both not in ("aa" * 32, "bb" * 32, source_sha256(Source("DICOM", (one, one))))
