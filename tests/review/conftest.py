"""People with keys in memory, and a content to sign."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest

from medseg.labelmap import Structure
from medseg.provenance.content import Content, StructureContent
from medseg.provenance.nifti_fields import FIELDS
from signers import Signers, person


@pytest.fixture
def content() -> Content:
    image = nibabel.Nifti1Image(np.zeros((4, 4, 4), np.uint8), np.eye(4))
    block, layout = image.header.binaryblock, image.header.structarr.dtype
    header = {n: block[layout.fields[n][1] :][: layout.fields[n][0].itemsize].hex() for n in FIELDS}
    structures = (StructureContent(Structure("tumour", "Tumour", 1), 3, "11" * 32),)
    return Content(header, "22" * 32, structures, (), {"contours": None, "provenance": "33" * 32})


@pytest.fixture
def site(content: Content) -> Signers:
    people = {
        name.lower(): person(name, role)
        for name, role in [
            ("Ben", "radiologist"),
            ("Cleo", "radiologist"),
            ("Ada", "annotator"),
            ("Dora", "qa"),
            ("Emil", "coordinator"),
        ]
    }
    return Signers(people, content)
