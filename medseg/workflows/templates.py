"""The structures of common tasks, named, coded and coloured, so that a case begins with them."""

from __future__ import annotations

from dataclasses import dataclass

from medseg.workflows.anatomy import Anatomy, anatomy_of


@dataclass(frozen=True)
class Part:
    """One structure of a template.

    Attributes:
        name: What people read.
        scheme: Coding scheme of what it is.
        value: Its code there.
        part_of: Name of the structure of the template that contains it; None where nothing does.
        layer: Structures that truly overlap lie in layers of their own.
    """

    name: str
    scheme: str
    value: str
    part_of: str | None = None
    layer: int = 0

    @property
    def anatomy(self) -> Anatomy:
        """What it is."""
        return anatomy_of(self.scheme, self.value)


@dataclass(frozen=True)
class Template:
    """The structures of a task.

    Attributes:
        id: Stable word for it.
        name: What people read.
        parts: Its structures, those that contain others before these.
    """

    id: str
    name: str
    parts: tuple[Part, ...]


TEMPLATES = (
    Template(
        "liver-metastases",
        "Liver metastases",
        (
            Part("Liver", "SCT", "10200004"),
            Part("Liver metastasis 1", "SCT", "14799000", part_of="Liver"),
        ),
    ),
    Template(
        "sarcoma",
        "Sarcoma",
        (
            Part("Sarcoma", "SCT", "372087000"),
            Part("Necrosis", "SCT", "6574001", part_of="Sarcoma"),
            Part("Oedema", "SCT", "79654002"),
        ),
    ),
    Template(
        "glioma",
        "Glioma",
        (
            Part("Glioma", "SCT", "372087000"),
            Part("Enhancing tumour", "NCIt", "C113842", part_of="Glioma"),
            Part("Non-enhancing tumour", "NCIt", "C81175", part_of="Glioma"),
            Part("Necrosis", "SCT", "6574001", part_of="Glioma"),
            Part("Oedema", "SCT", "79654002"),
        ),
    ),
    Template(
        "brain-metastases",
        "Brain metastases",
        (
            Part("Brain metastasis 1", "SCT", "14799000"),
            Part("Oedema", "SCT", "79654002"),
        ),
    ),
    Template(
        "lung-nodule",
        "Lung nodule",
        (
            Part("Lung", "SCT", "39607008"),
            Part("Nodule 1", "SCT", "27925004", part_of="Lung"),
        ),
    ),
    Template(
        "kidney-tumour",
        "Kidney tumour",
        (
            Part("Kidney", "SCT", "64033007"),
            Part("Tumour", "SCT", "108369006", part_of="Kidney"),
            Part("Cyst", "SCT", "367643001", part_of="Kidney"),
        ),
    ),
    Template(
        "prostate-lesion",
        "Prostate lesion",
        (
            Part("Prostate", "SCT", "41216001"),
            Part("Peripheral zone", "SCT", "279706003", part_of="Prostate"),
            Part("Transition zone", "SCT", "399384005", part_of="Prostate"),
            # A lesion of one zone may reach into the other.
            Part("Lesion 1", "SCT", "52988006", layer=1),
        ),
    ),
    Template(
        "radiotherapy-target",
        "Radiotherapy target",
        (
            Part("PTV", "SCT", "228793007"),
            Part("CTV", "SCT", "228792002", layer=1),
            Part("GTV", "SCT", "228791009", layer=2),
        ),
    ),
)
"""In the order in which they are offered."""
