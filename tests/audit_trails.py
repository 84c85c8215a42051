"""A trail made by hand, for the tests of its forms."""

from __future__ import annotations

from medseg.review.audit import Audit, AuditedSignature, AuditEntry

NASTY = "<script>alert('1')</script> & \"x\" onload=1"

_SIGNATURE = AuditedSignature(
    name="Ben Radiologist",
    role="radiologist",
    meaning="approved",
    signed_at="2026-03-04T13:20:23+01:00",
    checkpointed_at="2026-03-05T08:00:00+01:00",
    reason="margins are right",
    structures=("liver", "tumour"),
    policy="default",
    sha256="5" * 64,
)

_VIEW = AuditEntry(
    number=1,
    at="2026-03-04T13:19:00+01:00",
    person="ben",
    name="Ben Radiologist",
    role="radiologist",
    action="viewed",
    words="looked at revision 0123456789ab",
    case="case-0001",
    revision="0" * 64,
    workstation="ws-7",
    software="medseg 1",
)

_APPROVAL = AuditEntry(
    number=2,
    at="2026-03-04T13:20:23+01:00",
    person="ben",
    name="Ben Radiologist",
    role="radiologist",
    action="signed",
    words="signed as approved: margins are right",
    case="case-0001",
    revision="0" * 64,
    workstation="ws-7",
    software="medseg 1",
    signature=_SIGNATURE,
)

TRAIL = Audit(
    study="study-id",
    case=None,
    made_at="2026-03-06T09:00:00+01:00",
    software="medseg 1",
    ledger_size=2,
    ledger_head="a" * 64,
    roster="b" * 64,
    findings=(),
    entries=(_VIEW, _APPROVAL),
)
