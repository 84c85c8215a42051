"""What identifies a patient is in no file of a study, in no name, and not in the ledger."""

from __future__ import annotations

import gzip

import nibabel
import pytest

from canaries import Canaries, contents, encoded
from canary_tree import spoil, write
from medseg.errors import MedsegError
from medseg.io.label_map_files import LabelMapFiles
from medseg.workflows import study as use
from study_cases import CASE, draw, write_phantom


@pytest.fixture
def canaries():
    return Canaries()


@pytest.fixture
def dicom(canaries, tmp_path):
    """A series with a canary in every text, file name and folder name."""
    return spoil(write(tmp_path / "in" / "series", "seed"), canaries, encoded(canaries.dataset()))


@pytest.fixture
def nifti(canaries, tmp_path):
    """A NIfTI file with a canary in each text field, in an extension, in its gzip header and its name."""
    plain = nibabel.load(write_phantom(tmp_path / "plain.nii.gz"))
    for name in ("descrip", "aux_file", "intent_name", "db_name", "data_type"):
        plain.header[name] = canaries.word(name)[: plain.header[name].dtype.itemsize].encode()
    comment = canaries.word("extension").encode()
    plain.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", comment))
    name = canaries.word("name of a file")
    path = tmp_path / f"{name}.nii.gz"
    with path.open("wb") as out, gzip.GzipFile(f"{name}.nii", "wb", fileobj=out) as packed:
        packed.write(plain.to_bytes())
    return path


@pytest.mark.parametrize("kind", ["dicom", "nifti"])
def test_a_canary_in_every_text_stays_outside(site, canaries, request, kind, tmp_path):
    image = request.getfixturevalue(kind)
    use.add_case(site.study, site.who("cory"), image, case_id=CASE, structures=["Liver"])
    site.assign("ada")
    # Drawn where the image came from, and brought in.
    files = draw(image, LabelMapFiles(tmp_path / f"{canaries.word('name of a file')}_dseg.nii.gz"), "ada")
    use.save_revision(site.study, site.who("ada"), CASE, files.nifti)
    site.step("ada", "submitted")
    comment = canaries.word("comment")
    said = use.add_comment(site.study, site.who("ben"), CASE, f"{comment} was here")
    use.resolve_comment(site.study, site.who("ben"), said.id)
    site.step("ben", "changes-requested", reason="more")
    site.save("ada", size=2)
    site.step("ada", "submitted")
    site.step("ben", "approved")
    use.make_checkpoint(site.study, site.who("dora"))

    site.study.close()
    found = {
        where: canaries.found_in(content) for where, content in contents(site.path) if where != "study.sqlite"
    }
    assert {where for where, what in found.items() if what} == set()
    assert any(where.endswith(".intoto.jsonl") for where in found)
    assert canaries.found_in(str(site.ledger()).encode()) == set()
    # The database alone holds what people said.
    assert canaries.found_in((site.path / "study.sqlite").read_bytes()) == {"comment"}


def test_an_image_that_is_refused_names_nobody(site, canaries, dicom):
    for path in dicom.rglob("*.dcm"):
        path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(MedsegError):
        use.add_case(site.study, site.who("cory"), dicom)
    site.study.close()
    assert not any(canaries.found_in(content) for _, content in contents(site.path))
