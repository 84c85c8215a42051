"""Defined terms and names of UIDs: any other text may be anything, a name too, and is never repeated."""

from __future__ import annotations

OTHER = "other"
"""What stands for a text that is no defined term."""

MODALITIES = frozenset(
    {
        "ANN", "AR", "ASMT", "AU", "BDUS", "BI", "BMD", "CFM", "CR", "CT", "CTPROTOCOL", "DG", "DMS", "DOC",
        "DX", "ECG", "EEG", "EMG", "EOG", "EPS", "ES", "FID", "GM", "HC", "HD", "IO", "IOL", "IVOCT",
        "IVUS", "KER", "KO", "LEN", "LS", "MG", "MR", "M3D", "NM", "OAM", "OCT", "OP", "OPM", "OPT",
        "OPTBSV", "OPTENF", "OPV", "OSS", "OT", "PA", "PLAN", "POS", "PR", "PT", "PX", "REG", "RESP", "RF",
        "RG", "RTDOSE", "RTIMAGE", "RTINTENT", "RTPLAN", "RTRAD", "RTRECORD", "RTSEGANN", "RTSTRUCT", "RWV",
        "SEG", "SM", "SMR", "SR", "SRF", "STAIN", "TEXTUREMAP", "TG", "US", "VA", "XA", "XAPROTOCOL", "XC",
    }
)  # fmt: skip
"""PS3.3 C.7.3.1.1.1."""

PHOTOMETRICS = frozenset(
    {
        "MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB", "HSV", "ARGB", "CMYK", "YBR_FULL",
        "YBR_FULL_422", "YBR_PARTIAL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT", "XYB",
    }
)  # fmt: skip
"""PS3.3 C.7.6.3.1.2, the retired ones too."""

PET_UNITS = frozenset(
    {
        "CNTS", "NONE", "CM2", "CM2ML", "PCNT", "CPS", "BQML", "MGMINML", "UMOLMINML", "MLMING", "MLG",
        "1CM", "UMOLML", "PROPCNTS", "PROPCPS", "MLMINML", "MLML", "GML", "STDDEV",
    }
)  # fmt: skip
"""PS3.3 C.8.9.1.1.3."""

SUV_TYPES = frozenset({"BSA", "BW", "LBM", "LBMJAMES128", "LBMJANMA", "IBW"})
"""PS3.3 C.8.9.1.1.8 and the terms of its later editions."""

RESCALE_TYPES = frozenset(
    {
        "OD",
        "HU",
        "US",
        "MGML",
        "Z_EFF",
        "ED",
        "EDW",
        "HU_MOD",
        "PCT",
        "normalized",
        "NORMALIZED",
        "UNSPECIFIED",
    }
)
"""PS3.3 C.11.1.1.2, and what Philips writes."""


def defined(text: str, terms: frozenset[str]) -> str:
    """A coded string as it is if it is a defined term, empty if it is empty, else :data:`OTHER`."""
    return text if not text or text in terms else OTHER


def class_name(sop_class_uid: str) -> str:
    """The standard's name of a storage class, or its UID if it is a private one."""
    return uid_name(sop_class_uid) or "unnamed storage class"


def uid_name(uid: str) -> str:
    """The standard's name of a UID; the UID itself if it has none, and nothing if it is no UID."""
    if not uid.replace(".", "").isdecimal():
        return ""
    # Imported here: it takes a third of a second, and only messages need names.
    from pydicom.config import IGNORE
    from pydicom.uid import UID

    return UID(uid, validation_mode=IGNORE).name
