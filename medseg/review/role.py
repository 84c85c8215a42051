"""What a person is to a label map."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """The roles of a site; which step each may take is in :mod:`medseg.review.states`."""

    ANNOTATOR = "annotator"
    RADIOLOGIST = "radiologist"
    QA = "qa"
    COORDINATOR = "coordinator"
