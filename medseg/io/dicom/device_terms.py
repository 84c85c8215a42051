"""Words that a header may hold about the device and the scan, known ones only.

Elements such as ManufacturerModelName or ConvolutionKernel hold free text: on some systems what was typed at
the console. PS3.15's basic profile leaves them in; what leaves this house is written only if every word of it
is known to be the name of a device, a kernel, a sequence, and so can't be the name of anybody.
"""

from __future__ import annotations

import re
from collections.abc import Sequence


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MAKERS = {
    "SIEMENS": "Siemens",
    "GE ": "GE",
    "PHILIPS": "Philips",
    "CANON": "Canon",
    "TOSHIBA": "Toshiba",
    "HITACHI": "Hitachi",
    "FUJIFILM": "Fujifilm",
    "UIH": "UIH",
    "UNITED IMAGING": "UIH",
    "BRUKER": "Bruker",
    "HYPERFINE": "Hyperfine",
    "MEDISO": "Mediso",
    "SPECTRUM DYNAMICS": "Spectrum Dynamics",
    "CPS": "CPS",
}
"""By how Manufacturer begins."""

_MODEL_WORDS = _words(
    """
    magnetom aera allegra altea amira avanto cima.x connectom essenza espree flow free.max free.star
    harmony lumina prisma prisma_fit skyra skyra_fit sola sonata sonatavision spectra sempra
    symphony symphonytim terra terra.x trio triotim verio vida vision fit biograph mmr biograph_mmr
    mct mct_flow truepoint truev horizon quadra tim somatom definition as as+ flash edge force drive
    confidence go.up go.now go.all go.top go.sim go.open.pro sensation emotion perspective scope
    spirit x.cite x.ceed naeotom alpha volume zoom access duo symbia intevo
    ecat hr+ hrrt exact
    discovery signa optima revolution lightspeed brightspeed hispeed genesis_signa genesis_hispeed
    advance excite hdx hdxt hde premier architect artist pioneer voyager hero uhp pet/mr mr mr355
    mr360 mr450 mr450w mr750 mr750w mr950 hdi ste st step rx iq mi gen2 vct ultra qx/i plus pro
    pro16 pro32 apex evo evolve ascend hd ct ct450 ct540 ct590 ct660 ct750 nm/ct maxima frontier ace
    infinia ls dst dste
    achieva ingenia intera gyroscan elition ambition panorama hfo dstream ds x s nt evolution
    prodiva mr5300 mr7700 brilliance big bore ingenuity ict sp incisive gemini tf pet/ct gxl lxl
    iqon spectral guardian body allegro vereos mx8000 mx16 idt precedence brightview
    galan titan vantage orian elan fortian aquilion one prime lightning precision serve celesteion
    cxl lb genesis exelart excelart atlas echelon oval smart oasis airis elite synergy velocity
    apollo scenaria view supria umr umr570 umr580 umr588 umr680 umr770 umr780 umr790 umr870 umr880
    umr890 umr nx omega jupiter uct uct510 uct520 uct528 uct530 uct550 uct710 uct760 uct780 uct820
    uct860 uct960+ umi umi510 umi550 umi780 umi panorama upmr upmr790 uexplorer swoop
    3t 3.0t 1.5t 1t 1.0t 0.55t 7t 5t 2t ii iii
    """
)

_ROWS = re.compile(r"(?<!\d)(?<!mr)(?<!ct)_?\d{1,3}$")
"""Rows of detectors or size of a bore at the end of a word: LightSpeed16, Biograph 64."""

_RELEASE = re.compile(
    r"(?<!\w)(?:"
    r"syngo MR [A-Z]{1,2}\d{2}[A-Z]?|syngo MR \d{4}[A-Z] \d?[A-Z]{2}\d{2}[A-Z]?|"
    r"syngo CT \d{4}[A-Z]|VA\d{2}[A-Z]|"
    r"DV\d\d\.\d_R\d\d_\d{4}\.[a-z]|HD\d\d\.\d_[A-Z]\d\d_\d{4}\.[a-z]|MR\d\d\.\d_R\d\d_\d{4}\.[a-z]"
    r")(?!\w)"
)
"""Siemens' ``syngo MR E11``, GE's ``DV26.0_R01_1725.a``."""

_IMAGE_TYPES = _words(
    """
    ORIGINAL DERIVED PRIMARY SECONDARY MIXED OTHER AXIAL LOCALIZER REFORMATTED VOLUME DYNAMIC GATED
    STATIC WHOLE BODY SCOUT HELICAL CT_SOM5 CT_SOM7 SPI DET PROT TOP SEQ REC RECON TOMO EMISSION
    TRANSMISSION M P R I M_FFE M_SE M_IR M_B0 M_B1 M_PCA P_FFE P_SE P_IR R_FFE R_SE R_IR I_FFE I_SE
    I_IR PHASE_MAP MAGNITUDE PHASE REAL IMAGINARY FFE SE IR PCA ND NORM DIS2D DIS3D MOSAIC ECHO
    MFSPLIT FM FIL DFC MOCO SUB DIFFUSION ADC FA TRACEW TENSOR COLFA CALC_BVALUE CALC EADC LOWB MEAN
    MIN_IP MAX_IP MPR CSA MIP MINIP AVERAGE MEDIAN DRB T1 T2 T2_STAR T1_MAP T2_MAP R2_MAP
    R2_STAR_MAP PROTON_DENSITY FLUID_ATTENUATED PERFUSION ASL FLOW VELOCITY TOF STIR TAGGING WATER
    FAT IN_PHASE OUT_PHASE OPP_PHASE FAT_FRACTION WATER_FRACTION W F IP OP IN OUT FF SWI MINIMUM UNI
    UNI_DEN INV1 INV2 DEN EPI NONE GDC CARDIAC RESP_GATED CARD_GATED CARDRESP_GATED UNSPECIFIED ATTN
    NAC AC ADDITION DIVISION MASKED MAXIMUM MULTIPLICATION RESAMPLED STD_DEVIATION SUBTRACTION
    PARALLEL UNKNOWN QUANTITY VFRAME PET_PROJECTION
    """
)
_NUMBERED_IMAGE_TYPE = re.compile(r"(ECHO|E|TE|PROP|SH)_?\d{1,3}")

_SCANNING_SEQUENCES = _words(
    """
    SE IR GR EP RM
    """
)
_SEQUENCE_VARIANTS = _words(
    """
    SK MTC SS TRSS SP MP OSP TOF NONE
    """
)
_SCAN_OPTIONS = _words(
    """
    PER RG CG PPG FC PFF PFP SP FS CT WE GATED AXIAL HELICAL HELIX SCOUT CINE SEQUENCE SPIRAL
    SURVIEW NORMAL
    """
) | {
    "HELICAL MODE",
    "AXIAL MODE",
    "SCOUT MODE",
    "CINE MODE",
    "HELIX CT",
    "AXIAL CT",
    "HELICAL_CT",
    "NORMAL_CT",
}
_GE_SCAN_OPTION = re.compile(r"[A-Z0-9]{2,5}_GEMS")

_SEQUENCE = re.compile(
    r"\*?(?:tfl|tfi|fl|fi|fid|fisp|ep|epfid|epse|epir|se|seg|spc|spcR|spcir|tse|tseR|tir|tirB|h|q|qfl|re|swi|"
    r"de|me|ci|cs|mbep|csi)\w?[123]d\d{1,3}[a-zA-Z]{0,3}(?:_[a-z0-9]{1,4}){0,2}|"
    r"\*?(?:ep|epse|re)_b\d{1,5}(?:t|#\d{1,3})?|"
    r"EPI2?|epiRT|epi2?|FEEPI|SEEPI|FFE|T1FFE|T1TFE|T2FFE|TFE|TSE|TIR|SE|IR|GRASE|DwiSE|B0map|T2prep"
)
"""Siemens' ``*epfid2d1_64`` and ``*ep_b1000#3``; names of GE and of Philips."""

_KERNELS = _words(
    """
    STANDARD STD STD+ STND SOFT SOFTPLUS LUNG BONE BONEPLUS DETAIL EDGE CHEST ULTRA SMOOTH SHARP HD
    ENHANCED
    """
)
_KERNEL = re.compile(r"[A-Z][a-z]?\d{2}[a-z]{0,2}|FC\d{2}(?:-H)?|[A-Z]{1,2}|\d")
"""Siemens' B30f, Br40d and the strength after it; Canon's FC18; Philips' single and double letters."""

_BODY_PARTS = _words(
    """
    ABDOMEN ABDOMENPELVIS ANKLE AORTA ARM BLADDER BRAIN BREAST CAROTID CHEST CHESTABDOMEN
    CHESTABDPELVIS CSPINE ELBOW EXTREMITY EYE FEMUR FOOT FOREARM HAND HEAD HEADNECK HEART HIP
    HUMERUS JAW KIDNEY KNEE LEG LIVER LSPINE LUNG NECK ORBIT PANCREAS PELVIS PROSTATE SHOULDER SKULL
    SPINE SSPINE THIGH THORAX TLSPINE TSPINE UTERUS WHOLEBODY WRIST PHANTOM
    """
)
_POSITIONS = _words(
    """
    HFP HFS HFDR HFDL FFDR FFDL FFP FFS LFP LFS RFP RFS AFDR AFDL PFDR PFDL
    """
)
_MODALITIES = _words(
    """
    MR CT PT NM
    """
)

_ELEMENTS = {
    "carbon": "C", "nitrogen": "N", "oxygen": "O", "fluorine": "F", "sodium": "Na", "copper": "Cu",
    "gallium": "Ga", "germanium": "Ge", "rubidium": "Rb", "zirconium": "Zr", "yttrium": "Y", "iodine": "I",
    "technetium": "Tc", "thallium": "Tl", "lutetium": "Lu", "indium": "In",
}  # fmt: skip
_NUCLIDE = re.compile(r"\^?(\d{1,3}m?)\^?\s*([A-Za-z]+)")


def maker(text: str) -> str | None:
    """A manufacturer's short name, None if unknown."""
    upper = text.upper()
    if upper == "GE":
        return "GE"
    return next((name for start, name in _MAKERS.items() if upper.startswith(start)), None)


def model(text: str) -> str | None:
    """A device's model name, None unless every word of it is one of a model."""
    words = [_ROWS.sub("", word) for word in text.lower().replace("-", " ").split()]
    is_known = any(words) and all(word in _MODEL_WORDS for word in words if word)
    return text if is_known else None


def software(texts: Sequence[str]) -> str | None:
    """The name of a release of scanner software."""
    found = (_RELEASE.search(text) for text in texts)
    return next((match[0] for match in found if match), None)


def image_type(texts: Sequence[str]) -> list[str]:
    """The values of ImageType that are known."""
    return [text for text in texts if text in _IMAGE_TYPES or _NUMBERED_IMAGE_TYPE.fullmatch(text)]


def scanning_sequence(texts: Sequence[str]) -> list[str]:
    """Defined terms of ScanningSequence (PS3.3 C.8.3.1)."""
    return [text for text in texts if text in _SCANNING_SEQUENCES]


def sequence_variant(texts: Sequence[str]) -> list[str]:
    """Defined terms of SequenceVariant (PS3.3 C.8.3.1)."""
    return [text for text in texts if text in _SEQUENCE_VARIANTS]


def scan_options(texts: Sequence[str]) -> list[str]:
    """Defined terms of ScanOptions (PS3.3 C.8.3.1), and those that makers added."""
    return [text for text in texts if text in _SCAN_OPTIONS or _GE_SCAN_OPTION.fullmatch(text)]


def sequence(text: str) -> str | None:
    """The name of a pulse sequence as scanners form it."""
    return text if _SEQUENCE.fullmatch(text) else None


def kernel(texts: Sequence[str]) -> list[str]:
    """Names of convolution kernels as scanners form them."""
    return [text for text in texts if text.upper() in _KERNELS or _KERNEL.fullmatch(text)]


def body_part(text: str) -> str | None:
    """A part of the body (PS3.16 annex L)."""
    return text.upper() if text.upper() in _BODY_PARTS else None


def patient_position(text: str) -> str | None:
    """Defined terms of PatientPosition (PS3.3 C.7.3.1.1.2)."""
    return text if text in _POSITIONS else None


def modality(text: str) -> str | None:
    """Modalities that become a volume."""
    return text if text in _MODALITIES else None


def nuclide(meaning: str) -> str | None:
    """``^18^Fluorine``, as PS3.16 CID 4020 has it, → ``F18``."""
    found = _NUCLIDE.fullmatch(meaning.strip())
    symbol = _ELEMENTS.get(found[2].lower()) if found else None
    return f"{symbol}{found[1]}" if found and symbol else None
