"""Names of converted volumes are safe on every file system, differ, and stay."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg.errors import InputError, OutputError
from medseg.io.name_template import FIELD_LIMITS, IDENTIFYING_FIELDS, LABEL_LIMIT, PART_LIMIT, PATH_LIMIT
from medseg.io.output_names import DEFAULT_TEMPLATE, NameFields, NameTemplate, as_label
from medseg.io.pseudonyms import KEY_LENGTH, LABEL_LENGTH, VolumeKey


def pseudonym(text):
    return (text * KEY_LENGTH)[:KEY_LENGTH]


def volume(id_, *, subject="a", session="b", series="c", images=None, **more):
    key = VolumeKey(*map(pseudonym, (subject, session, series, images or id_)))
    fields = {"order": (1.0, 2.0), "modality": "mr", "suffix": "mr"} | more
    return NameFields(key=key, id=id_, **fields)


def names(volumes, taken=None, template=DEFAULT_TEMPLATE, *, keep_phi=False):
    return [str(name) for name in NameTemplate.parse(template, keep_phi=keep_phi).names(volumes, taken)]


A, B, C = (letter * LABEL_LENGTH for letter in "abc")
STEM = f"sub-{A}/ses-{B}/mr/sub-{A}_ses-{B}_acq-{C}"


def test_the_default_name_is_that_of_bids():
    (name,) = NameTemplate.parse().names([volume("one")])
    assert name == PurePosixPath(f"{STEM}_mr")


def test_echo_and_part_stand_in_the_order_of_bids():
    full = names(
        [volume("one", echo="2", part="phase"), volume("two", echo="2", part="phase", order=(2.0, 0.0))]
    )
    assert full == [f"{STEM}_run-1_echo-2_part-phase_mr", f"{STEM}_run-2_echo-2_part-phase_mr"]


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("{subject}/{nonsense}", "unknown-field"),
        ("{subject!r}", "unknown-field"),
        ("{}", "unknown-field"),
        ("{subject", "unbalanced"),
        ("subject}", "unbalanced"),
        ("{subject}[_{echo}", "unbalanced"),
        ("{subject}_{echo}]", "unbalanced"),
        ("{subject}[_{echo}[_{part}]]", "unbalanced"),
        ("{subject}[_x]", "empty-option"),
        ("../{subject}", "escapes"),
        ("{subject}/../{series}", "escapes"),
        ("{subject}\\..\\{series}", "escapes"),
        ("/tmp/{subject}", "absolute"),
        ("\\\\server\\{subject}", "absolute"),
        ("C:/{subject}", "absolute"),
        ("~/{subject}", "absolute"),
        ("{subject}.nii.gz", "suffix"),
        ("{subject}.{series}", "illegal-character"),
        ("./{subject}", "illegal-character"),
        ("{subject}\\{series}", "illegal-character"),
        ("{subject}:{series}", "illegal-character"),
        ("{subject}?", "illegal-character"),
        ("{subject}\0", "illegal-character"),
        ("{subject}\n", "illegal-character"),
        ("süd_{subject}", "illegal-character"),
        ("{subject} {series}", "illegal-character"),
        ("", "empty"),
        ("{subject}//{series}", "empty"),
        ("{subject}/", "empty"),
        ("{subject}/[{echo}]", "empty"),
        ("[{echo}/]", "empty"),
        ("AUX/{subject}", "reserved"),
        ("{subject}/com{echo}", "reserved"),
        ("-{subject}", "leading-dash"),
        ("{subject}" * 21, "too-long"),
        ("{subject}/" * 20 + "{series}", "too-long"),
    ],
)
def test_a_bad_template_is_refused_at_once(template, fault):
    with pytest.raises(OutputError) as caught:
        NameTemplate.parse(template, keep_phi=True)
    assert caught.value.details == {"reason": "name-template", "fault": fault}


@pytest.mark.parametrize("name", sorted(IDENTIFYING_FIELDS))
def test_fields_that_identify_need_leave(name):
    with pytest.raises(OutputError, match="who the patient is") as caught:
        NameTemplate.parse(f"{{subject}}/{{{name}}}")
    assert caught.value.details["fault"] == "identifying-field"
    assert "--keep-phi" in caught.value.hint
    template = NameTemplate.parse(f"{{subject}}/{{{name}}}", keep_phi=True)
    assert template.needs_phi
    assert not NameTemplate.parse(keep_phi=True).needs_phi
    (named,) = template.names([volume("one", identifying={name: "Doe7"})])
    assert named == PurePosixPath(f"{A}/Doe7")
    (nameless,) = template.names([volume("one")])
    assert nameless == PurePosixPath(f"{A}/unknown")


def test_a_run_outside_of_brackets_is_always_there():
    assert names([volume("one")], template="{subject}_run-{run}") == [f"{A}_run-1"]


def test_a_template_without_run_gets_one_where_names_would_meet():
    same = [volume("one"), volume("two")]
    assert names(same, template="{subject}") == [f"{A}_run-1", f"{A}_run-2"]


def test_the_first_acquired_is_run_1():
    late, early = volume("a", order=(2.0, 0.0)), volume("b", order=(1.0, 9.0))
    assert names([late, early]) == [f"{STEM}_run-2_mr", f"{STEM}_run-1_mr"]


def test_names_differ_where_case_is_ignored():
    pair = [
        volume("one", identifying={"protocol": "Head"}),
        volume("two", identifying={"protocol": "HEAD"}, order=(3.0,)),
    ]
    found = names(pair, template="{protocol}", keep_phi=True)
    assert found == ["Head_run-1", "HEAD_run-2"]


def test_a_volume_keeps_the_name_that_it_has():
    old = volume("one")
    (given,) = names([old])
    taken = {given: old.key}
    assert names([old], taken) == [given]
    # One that was acquired earlier, but found later, takes nobody's name.
    new = volume("zero", order=(0.0,))
    assert names([new, old], taken) == [f"{STEM}_run-2_mr", given]
    assert names([new], taken) == [f"{STEM}_run-2_mr"]


def test_a_newcomer_among_numbered_ones_is_numbered():
    old = [volume("one"), volume("two")]
    taken = dict(zip(names(old), (one.key for one in old), strict=True))
    assert names([volume("three")], taken) == [f"{STEM}_run-3_mr"]


def test_a_file_of_unknown_origin_is_not_overwritten():
    assert names([volume("one")], {f"{STEM}_MR": None}) == [f"{STEM}_run-2_mr"]


def test_the_manifest_keeps_its_name():
    found = names([volume("one", identifying={"protocol": "Manifest"})], template="{protocol}", keep_phi=True)
    assert found == ["Manifest_run-2"]


@pytest.mark.parametrize("what", ["subject", "session", "series"])
@pytest.mark.parametrize("is_earlier", [True, False])
def test_two_patients_never_share_a_label(what, is_earlier):
    """Pseudonyms that agree in the characters that are shown, and differ in the rest."""
    one, two = volume("one", **{what: "x"}), volume("two", **{what: "x" * LABEL_LENGTH + "y"})
    assert one.value(what) == two.value(what)
    with pytest.raises(InputError) as caught:
        names([two], {"any": one.key}) if is_earlier else names([one, two])
    assert caught.value.details == {"reason": "pseudonym-collision", "field": what}


def test_two_patients_never_share_an_id_that_was_cut_to_a_label():
    pair = [
        volume(id_, subject=id_, identifying={"patient_id": as_label(raw)})
        for id_, raw in (("p", "A-1"), ("q", "a1"))
    ]
    with pytest.raises(InputError) as caught:
        names(pair, template="{patient_id}_{series}", keep_phi=True)
    assert "1" not in caught.value.message
    assert caught.value.details["reason"] == "pseudonym-collision"


@st.composite
def inventories(draw):
    """Volumes of which many would share a name."""
    few = st.sampled_from("pq")
    return [
        volume(
            f"v{number}",
            subject=draw(few),
            series=draw(few),
            images=draw(st.sampled_from(["i", "j", f"n{number}"])),
            echo=draw(st.sampled_from(["", "1", "11"])),
            order=(float(draw(st.integers(0, 1))),),
        )
        for number in range(draw(st.integers(1, 9)))
    ]


TEMPLATES = st.sampled_from([DEFAULT_TEMPLATE, "{subject}", "{series}[{echo}][{run}]", "{suffix}/a{run}"])


@given(inventories(), TEMPLATES, st.integers())
def test_names_differ_and_do_not_depend_on_the_order_of_discovery(volumes, template, seed):
    found = names(volumes, template=template)
    assert len({name.casefold() for name in found}) == len(volumes)
    shuffled = Random(seed).sample(volumes, len(volumes))
    by_id = dict(zip((one.id for one in shuffled), names(shuffled, template=template), strict=True))
    assert [by_id[one.id] for one in volumes] == found


@given(inventories(), TEMPLATES, st.data())
def test_more_inputs_change_no_name_that_was_given(volumes, template, data):
    count = data.draw(st.integers(0, len(volumes)))
    first = names(volumes[:count], template=template)
    taken = {name: one.key for name, one in zip(first, volumes[:count], strict=True)}
    everything = names(volumes, taken, template=template)
    assert len({name.casefold() for name in everything}) == len(volumes)
    # Volumes of equal key are the same images: which of their names each gets is all the same.
    for key in {one.key for one in volumes[:count]}:
        before = [name for name, one in zip(first, volumes[:count], strict=True) if one.key == key]
        after = [name for name, one in zip(everything, volumes, strict=True) if one.key == key]
        assert set(before) <= set(after)


@given(st.dictionaries(st.sampled_from(sorted(IDENTIFYING_FIELDS)), st.text(max_size=80)))
def test_any_text_of_a_header_gives_a_safe_name(texts):
    labels = {name: as_label(text) for name, text in texts.items()}
    template = "{patient_name}/{study_date}_{series_description}_{series_number}_{protocol}"
    (name,) = names([volume("one", identifying=labels)], template=template, keep_phi=True)
    assert re.fullmatch(r"[A-Za-z0-9]+/[A-Za-z0-9]+(_[A-Za-z0-9]+){3}", name, re.ASCII)
    assert len(name) <= PATH_LIMIT
    assert max(map(len, name.split("/"))) <= PART_LIMIT


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("DOE^JANE", "DOEJANE"),
        ("Ångström-3", "Angstrom3"),
        ("../../etc/passwd", "etcpasswd"),
        ("山田", ""),
        ("x" * 99, "x" * LABEL_LIMIT),
        ("aux", "aux0"),
        ("COM1", "COM10"),
        ("²½", "212"),
    ],
)
def test_labels(text, label):
    assert as_label(text) == label


def test_every_field_is_documented():
    page = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text()
    for name in (*FIELD_LIMITS, *IDENTIFYING_FIELDS):
        assert f"`{{{name}}}`" in page
    assert DEFAULT_TEMPLATE in page
