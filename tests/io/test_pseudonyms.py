"""Pseudonyms: the same wherever the secret is, nothing to anyone without it, never two patients in one."""

from __future__ import annotations

import hashlib
import hmac
import multiprocessing
import os
import stat
from base64 import b32encode
from pathlib import Path

import numpy as np
import pydicom
import pytest

from medseg.errors import InputError, OutputError
from medseg.io.dicom import write_series
from medseg.io.dicom.find import find_series
from medseg.io.dicom.plan import plan_series
from medseg.io.pseudonym_secret import SECRET_BYTES, Secret, default_secret_path, load_secret
from medseg.io.pseudonyms import KEY_LENGTH, LABEL_LENGTH, Pseudonyms, VolumeKey
from medseg.io.volume_names import name_fields
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume

SECRET = Secret(bytes(range(SECRET_BYTES)))
NOBODY_ELSE = 0o600
posix_only = pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")


@pytest.fixture
def own_secret(tmp_path, monkeypatch):
    """Where the secret of a user without one will be made."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return default_secret_path()


class TestSecret:
    def test_it_is_made_once_and_kept(self, own_secret):
        assert not own_secret.exists()
        first = load_secret()
        content = own_secret.read_bytes()
        assert len(first.key) == SECRET_BYTES
        assert load_secret() == first == load_secret(own_secret)
        assert own_secret.read_bytes() == content
        assert [path.name for path in own_secret.parent.iterdir()] == ["pseudonym-secret"]

    def test_each_user_has_another(self, tmp_path, monkeypatch):
        found = set()
        for name in "ab":
            monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / name))
            monkeypatch.setenv("APPDATA", str(tmp_path / name))
            monkeypatch.setenv("HOME", str(tmp_path / name))
            found.add(load_secret().key)
        assert len(found) == 2

    @posix_only
    @pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
    def test_it_is_closed_to_others_whatever_the_umask(self, own_secret, umask):
        before = os.umask(umask)
        try:
            load_secret()
        finally:
            os.umask(before)
        assert stat.S_IMODE(own_secret.stat().st_mode) == NOBODY_ELSE

    @posix_only
    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o601])
    def test_one_that_others_can_reach_is_refused(self, own_secret, mode):
        load_secret()
        own_secret.chmod(mode)
        with pytest.raises(InputError, match=f"mode is {mode:04o}") as caught:
            load_secret()
        assert caught.value.details["reason"] == "secret-readable-by-others"
        assert f"chmod 600 {own_secret}" in caught.value.hint

    def test_a_mistyped_name_makes_no_new_one(self, own_secret, tmp_path):
        with pytest.raises(InputError) as caught:
            load_secret(tmp_path / "secert")
        assert caught.value.details["reason"] == "secret-missing"
        assert not own_secret.exists()
        assert not (tmp_path / "secert").exists()

    @pytest.mark.parametrize("content", [b"", b"\0" * 32, b"hunter2\n", b"-----BEGIN PRIVATE KEY-----\n"])
    def test_another_file_is_none(self, tmp_path, content):
        path = tmp_path / "file"
        path.write_bytes(content)
        path.chmod(NOBODY_ELSE)
        with pytest.raises(InputError) as caught:
            load_secret(path)
        assert caught.value.details["reason"] == "secret-damaged"
        assert content.decode("latin-1").strip() not in caught.value.message or not content.strip(b"\0")

    def test_a_cut_one_is_refused_and_stays(self, own_secret):
        load_secret()
        cut = own_secret.read_bytes()[:-9]
        own_secret.write_bytes(cut)
        with pytest.raises(InputError):
            load_secret()
        assert own_secret.read_bytes() == cut

    def test_no_place_for_it_is_an_error_that_names_the_way_out(self, own_secret):
        own_secret.parent.parent.mkdir(parents=True, exist_ok=True)
        own_secret.parent.write_text("a file where the folder should be")
        with pytest.raises(OutputError, match="secret") as caught:
            load_secret()
        assert "--secret" in caught.value.hint

    def test_many_processes_at_once_get_one(self, own_secret):
        with multiprocessing.get_context("spawn").Pool(3) as pool:
            keys = pool.map(_key, range(9))
        assert len(set(keys)) == 1
        assert len(list(own_secret.parent.iterdir())) == 1

    def test_it_does_not_show_itself(self, own_secret):
        secret = load_secret()
        assert secret.key.hex() not in repr(secret)
        assert repr(secret.key) not in f"{secret} {Pseudonyms(secret)!r}"

    @pytest.mark.parametrize("length", [0, 31, 33])
    def test_its_length_is_fixed(self, length):
        with pytest.raises(ValueError, match="expected 32 bytes"):
            Secret(bytes(length))

    @pytest.mark.parametrize(
        ("platform", "variables", "folder"),
        [
            ("linux", {"XDG_CONFIG_HOME": "/xdg"}, Path("/xdg")),
            ("linux", {"XDG_CONFIG_HOME": "relative"}, Path.home() / ".config"),
            ("linux", {}, Path.home() / ".config"),
            ("darwin", {"XDG_CONFIG_HOME": "/xdg"}, Path.home() / "Library" / "Application Support"),
            ("win32", {"APPDATA": "/roaming"}, Path("/roaming")),
            ("win32", {}, Path.home() / "AppData" / "Roaming"),
        ],
    )
    def test_where_it_lies(self, platform, variables, folder):
        assert default_secret_path(variables, platform) == folder / "medseg" / "pseudonym-secret"


def _key(_number):
    return load_secret().key


def write(folder, seed="seed", *, series=None, rows=4, **elements):
    """A small MR series; elements are set in all of its files."""
    grid = Grid.from_axes(
        (3, rows, 5),
        origin_lps_mm=[0, 0, 0],
        step_k_mm=[0, 0, 2],
        step_j_mm=[0, 1, 0],
        step_i_mm=[1, 0, 0],
    )
    voxels = np.arange(15 * rows, dtype=np.int16).reshape(3, rows, 5)
    volume = Volume(grid, voxels, Quantity.ARBITRARY, Source("phantom"))
    for path in write_series(
        volume, folder, modality="MR", uid_seed=seed, patient_name="DOE^JANE", patient_id="4711"
    ):
        dataset = pydicom.dcmread(path)
        for keyword, value in elements.items():
            setattr(dataset, keyword, value)
        if series:  # the same place and study, another image
            dataset.SeriesInstanceUID = series
            dataset.StudyInstanceUID = dataset.FrameOfReferenceUID = "1.2.4"
        dataset.save_as(path)
    return folder


def plans_of(*folders):
    return [plan for series in find_series(folders).series for plan in plan_series(series)]


def key_of(*folders, secret=SECRET):
    (plan,) = plans_of(*folders)
    return Pseudonyms(secret).key_of(plan)


class TestKeys:
    def test_they_are_the_hmac_that_the_documentation_describes(self, tmp_path):
        """Worked here anew: another site's program must be able to."""

        def worked(*parts):
            message = b"".join(
                len(part).to_bytes(8, "big") + part for part in (b"medseg-pseudonym/1", *parts)
            )
            keyed = hmac.new(SECRET.key, message, hashlib.sha256).digest()
            return b32encode(keyed).decode().lower()[:26]

        key = key_of(write(tmp_path / "mr", IssuerOfPatientID="SITE"))
        dataset = pydicom.dcmread(tmp_path / "mr" / "IM0001.dcm")
        patient, issuer = (hashlib.sha256(text).hexdigest().encode() for text in (b"4711", b"SITE"))
        assert key.subject == worked(b"patient", patient, issuer)
        assert key.session == worked(b"study", dataset.StudyInstanceUID.encode())
        assert key.series == worked(b"series", dataset.SeriesInstanceUID.encode())

    def test_another_secret_gives_others(self, tmp_path):
        folder = write(tmp_path / "mr")
        mine, yours = key_of(folder), key_of(folder, secret=Secret(bytes(SECRET_BYTES)))
        assert set(mine.as_dict().values()).isdisjoint(yours.as_dict().values())

    def test_they_do_not_depend_on_where_the_files_lie(self, tmp_path):
        first = key_of(write(tmp_path / "mr"))
        for number, path in enumerate(sorted((tmp_path / "mr").iterdir())):
            path.rename(path.with_name(f"{9 - number}.ima"))
        assert key_of(tmp_path / "mr") == first

    def test_a_patient_has_one_in_all_studies(self, tmp_path):
        one, two = key_of(write(tmp_path / "a", "a")), key_of(write(tmp_path / "b", "b"))
        assert one.subject == two.subject
        assert len({one.session, two.session, one.series, two.series, one.images, two.images}) == 6

    def test_spaces_around_an_id_do_not_count(self, tmp_path):
        padded = key_of(write(tmp_path / "a", PatientID=" 4711 "))
        assert padded.subject == key_of(write(tmp_path / "b")).subject

    def test_two_hospitals_may_give_one_number(self, tmp_path):
        subjects = {
            key_of(write(tmp_path / "a", PatientID="1", IssuerOfPatientID="A")).subject,
            key_of(write(tmp_path / "b", PatientID="1", IssuerOfPatientID="B")).subject,
            key_of(write(tmp_path / "c", PatientID="1")).subject,
            key_of(write(tmp_path / "d", PatientID="1A")).subject,
        }
        assert len(subjects) == 4

    def test_without_an_id_each_study_is_a_patient_of_its_own(self, tmp_path):
        one = key_of(write(tmp_path / "a", "a", PatientID=""))
        two = key_of(write(tmp_path / "b", "b", PatientID=""))
        assert one.subject != two.subject
        assert one.subject != one.session
        again = key_of(write(tmp_path / "c", "c", PatientID="", StudyInstanceUID="1.2"))
        more = key_of(write(tmp_path / "d", "d", PatientID="", StudyInstanceUID="1.2"))
        assert again.subject == more.subject

    def test_a_study_without_a_uid_is_told_by_its_series(self, tmp_path):
        one = key_of(write(tmp_path / "a", "a", StudyInstanceUID=""))
        two = key_of(write(tmp_path / "b", "b", StudyInstanceUID=""))
        assert one.session != two.session

    def test_another_image_makes_another_volume_of_the_same_series(self, tmp_path):
        whole = key_of(write(tmp_path / "mr"))
        (tmp_path / "mr" / "IM0003.dcm").unlink()
        part = key_of(tmp_path / "mr")
        assert part.images != whole.images
        assert (part.subject, part.session, part.series) == (whole.subject, whole.session, whole.series)

    def test_they_go_through_json(self, tmp_path):
        key = key_of(write(tmp_path / "mr"))
        assert VolumeKey.from_dict(key.as_dict()) == key
        assert {len(text) for text in key.as_dict().values()} == {KEY_LENGTH}
        assert key.label("subject") == key.subject[:LABEL_LENGTH]

    @pytest.mark.parametrize("damage", [{"subject": "short"}, {"subject": None}, {"subject": 7}])
    def test_a_damaged_one_is_refused(self, tmp_path, damage):
        whole = key_of(write(tmp_path / "mr")).as_dict()
        with pytest.raises(InputError, match="volume's key"):
            VolumeKey.from_dict(whole | damage)


class TestFields:
    """What a name is made of, from real headers."""

    def test_an_ordinary_series_has_neither_echo_nor_part(self, tmp_path):
        write(tmp_path / "mr", EchoTime="30", EchoNumbers="2", ImageType=["ORIGINAL", "PRIMARY", "M"])
        (one,) = name_fields(plans_of(tmp_path), Pseudonyms(SECRET))
        assert (one.modality, one.suffix, one.echo, one.part) == ("mr", "mr", "", "")
        assert not one.identifying

    def test_phase_is_named_beside_its_magnitude(self, tmp_path):
        for letter in "MP":
            image_type = ["ORIGINAL", "PRIMARY", letter]
            write(tmp_path / letter, letter, series="1.2.3", ImageType=image_type)
        fields = name_fields(plans_of(tmp_path), Pseudonyms(SECRET))
        assert sorted(one.part for one in fields) == ["mag", "phase"]
        assert len({one.key.series for one in fields}) == 1
        assert len({one.key.images for one in fields}) == 2

    @pytest.mark.parametrize(
        ("numbers", "labels"),
        [
            (("2", "5"), ["2", "5"]),
            (("1", "1"), ["1", "2"]),
            (("", ""), ["1", "2"]),
            (("0", "1"), ["1", "2"]),
        ],
    )
    def test_echoes_that_form_no_stack_are_numbered(self, tmp_path, numbers, labels):
        """By the scanner's numbers if there is one for each, else by rank."""
        for rows, time, number in ((4, "10", numbers[0]), (6, "20", numbers[1])):
            write(tmp_path / time, time, series="1.2.3", rows=rows, EchoTime=time, EchoNumbers=number or None)
        fields = name_fields(plans_of(tmp_path), Pseudonyms(SECRET))
        assert sorted(one.echo for one in fields) == labels

    def test_what_identifies_is_read_on_request(self, tmp_path):
        write(tmp_path / "mr", SeriesDescription="T1 ax", ProtocolName="Brain", StudyDate="20010203")
        (one,) = name_fields(plans_of(tmp_path), Pseudonyms(SECRET), keep_phi=True)
        assert one.identifying == {
            "patient_id": "4711",
            "patient_name": "DOEJANE",
            "study_date": "20010203",
            "series_description": "T1ax",
            "series_number": "1",
            "protocol": "Brain",
        }

    def test_a_patient_without_an_id_keeps_a_name_of_his_own(self, tmp_path):
        write(tmp_path / "mr", PatientID="")
        (one,) = name_fields(plans_of(tmp_path), Pseudonyms(SECRET), keep_phi=True)
        assert one.value("patient_id") == one.key.label("subject")
