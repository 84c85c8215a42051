"""Random damage of what was signed: whatever byte changes, the verdict is never ``valid``."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medseg.errors import ReviewError, SidecarError
from medseg.io.label_map_files import LabelMapFiles
from medseg.review.states import State
from medseg.review.verification import Verdict
from medseg.workflows.verify import verify
from signed_cases import Site, make_site, write_case, write_layered_case


def approved(site: Site, files: LabelMapFiles) -> tuple[Site, LabelMapFiles]:
    site.sign(files, "ada", "submitted")
    site.sign(files, "ben", "approved")
    return site, files


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, LabelMapFiles]:
    folder = tmp_path_factory.mktemp("flips")
    site = make_site(folder / "site")
    files = write_case(folder / "case")
    return approved(site, files)


@pytest.fixture(scope="module")
def layered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, LabelMapFiles]:
    folder = tmp_path_factory.mktemp("layers")
    site = make_site(folder / "site")
    files = write_layered_case(folder / "case")
    return approved(site, files)


COVERED = [*range(40, 56), *range(70, 74), *range(76, 108), *range(112, 120), 123, *range(252, 328)]
"""Bytes of the NIfTI-1 header that the content covers, besides size and magic."""

changes = st.integers(1, 255)


def _flipped(data: bytes, at: int, change: int) -> bytes:
    return data[:at] + bytes([data[at] ^ change]) + data[at + 1 :]


places = st.floats(0, 1, exclude_max=True)


@settings(max_examples=150)
@given(st.one_of(st.sampled_from(COVERED), st.integers(352, 352 + 209)), changes)
def test_a_covered_byte_of_the_label_map(signed, offset, change):
    site, files = signed
    whole = files.nifti.read_bytes()
    raw = gzip.decompress(whole)
    try:
        files.nifti.write_bytes(gzip.compress(_flipped(raw, offset, change), 1))
        answer = site.verify(files)
    finally:
        files.nifti.write_bytes(whole)
    assert (answer.verdict, answer.state) == (Verdict.INVALID, State.IN_PROGRESS)
    assert answer.differs or answer.problems


@settings(max_examples=150)
@given(st.integers(0, 1), st.one_of(st.sampled_from(COVERED), st.integers(-210, -1)), changes)
def test_a_covered_byte_of_a_layer(layered, number, offset, change):
    site, files = layered
    path = files.layer(number)
    whole = path.read_bytes()
    raw = gzip.decompress(whole)
    # Behind the header lies the note; the voxels are the last 210 bytes.
    at = offset % len(raw)
    try:
        path.write_bytes(gzip.compress(_flipped(raw, at, change), 1))
        answer = site.verify(files)
    finally:
        path.write_bytes(whole)
    assert (answer.verdict, answer.state) == (Verdict.INVALID, State.IN_PROGRESS)
    assert answer.differs or answer.problems


@settings(max_examples=100)
@given(st.integers(0, 1), places, changes)
def test_any_byte_of_the_note_of_a_layer_means_nothing(layered, number, where, change):
    site, files = layered
    path = files.layer(number)
    whole = path.read_bytes()
    raw = gzip.decompress(whole)
    begin, end = 348, len(raw) - 210
    try:
        path.write_bytes(gzip.compress(_flipped(raw, begin + int(where * (end - begin)), change), 1))
        answer = site.verify(files)
    finally:
        path.write_bytes(whole)
    assert (answer.verdict, answer.differs) == (Verdict.CONTENT_MATCHES, ())


@settings(max_examples=150)
@given(st.integers(0, 6), places, changes)
def test_any_byte_of_any_file_of_two_layers(layered, which, where, change):
    site, files = layered
    path = files.present()[which % len(files.present())]
    whole = path.read_bytes()
    try:
        path.write_bytes(_flipped(whole, int(where * len(whole)), change))
        answer = site.verify(files)
    finally:
        path.write_bytes(whole)
    assert answer.verdict in (Verdict.INVALID, Verdict.CONTENT_MATCHES)
    assert answer.holds or answer.differs or answer.problems


@settings(max_examples=300)
@given(st.sampled_from(["nifti", "structures", "provenance", "contours", "sign_off"]), places, changes)
def test_any_byte_of_any_file(signed, which, where, change):
    site, files = signed
    path = getattr(files, which)
    whole = path.read_bytes()
    try:
        path.write_bytes(_flipped(whole, int(where * len(whole)), change))
        answer = site.verify(files)
    finally:
        path.write_bytes(whole)
    assert answer.verdict in (Verdict.INVALID, Verdict.CONTENT_MATCHES)
    # Of the sidecars and the statements each byte counts; elsewhere some bytes mean nothing.
    if which not in ("nifti", "structures"):
        assert answer.verdict is Verdict.INVALID
    assert answer.holds or answer.differs or answer.problems


@settings(max_examples=100)
@given(places, changes)
def test_any_byte_of_the_roster(signed, where, change):
    site, files = signed
    path = site.trust / "roster.json"
    whole = path.read_bytes()
    try:
        path.write_bytes(_flipped(whole, int(where * len(whole)), change))
        with pytest.raises((ReviewError, SidecarError)):
            verify(files.nifti, trust=site.trust)
    finally:
        path.write_bytes(whole)


@settings(max_examples=50)
@given(st.sampled_from(["nifti", "structures", "provenance", "contours", "sign_off"]), places)
def test_any_file_cut_short(signed, which, where):
    site, files = signed
    path = getattr(files, which)
    whole = path.read_bytes()
    try:
        path.write_bytes(whole[: int(where * len(whole))])
        answer = site.verify(files)
    finally:
        path.write_bytes(whole)
    assert answer.verdict is not Verdict.VALID or answer.state is State.SUBMITTED


def test_undamaged_it_is_valid(signed):
    site, files = signed
    assert site.verify(files).verdict is Verdict.VALID


def test_undamaged_layers_are_valid(layered):
    site, files = layered
    assert len(files.present()) == 6
    assert site.verify(files).verdict is Verdict.VALID
