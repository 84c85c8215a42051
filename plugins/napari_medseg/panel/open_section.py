"""The part of the panel in which a case is opened and a plane is chosen."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import (
    QButtonGroup,
    QFileDialog,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_medseg.case import Case
from napari_medseg.display import PLANE_NAMES
from napari_medseg.panel.parts import even_row, field, row
from napari_medseg.volume_texts import size_of, spacing_of

PLANE_TOOLTIPS = (
    "From the feet: anterior is up, the patient's right is on the left",
    "From the front: superior is up, the patient's right is on the left",
    "From the left: superior is up, anterior is on the left",
)


UPON_PATTERN = (
    "Structures and landmarks (*.dcm *.seg.nrrd *.nrrd *.nhdr *.nii.gz *.nii *.mrk.json *.csv *.fcsv);;"
    "All files, such as DICOM without ending (*)"
)


class OpenSection(QWidget):
    """Opens paths and chooses planes; what happens then is the panel's business."""

    path_chosen = Signal(str)
    upon_chosen = Signal(str)
    plane_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.path = field("DICOM folder or NIfTI file", "Type a path and press Enter, or choose with Open…")
        self.path.returnPressed.connect(self._open_typed)
        self.open = QPushButton("Open…")
        self.open.setToolTip(
            "Open a DICOM folder, a NIfTI image, or a label map, structures or landmarks on the open image"
        )
        self.open.setMinimumHeight(28)
        menu = QMenu(self.open)
        menu.addAction("DICOM folder…", self._choose_folder)
        menu.addAction("NIfTI file…", self._choose_file)
        self.open_upon = menu.addAction("Structures or landmarks on this image…", self._choose_upon)
        self.open.setMenu(menu)
        self.about = QLabel()
        self.about.setWordWrap(True)
        self.planes = QButtonGroup(self)
        buttons = [self._plane_button(axis) for axis in range(3)]
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(row(self.path, self.open))
        layout.addWidget(self.about)
        self._plane_row = even_row(*buttons)
        layout.addWidget(self._plane_row)
        self.show_case(None)

    def show_case(self, case: Case | None) -> None:
        """Say what is open."""
        self._plane_row.setEnabled(case is not None)
        self.open_upon.setEnabled(case is not None)
        self.about.setVisible(case is not None)
        if case is not None:
            self.about.setText(describe_volume(case))
            self.about.setToolTip("\n".join(case.volume.warnings))

    def show_plane(self, axis: int) -> None:
        """Mark the plane that is shown."""
        self.planes.button(axis).setChecked(True)

    def _plane_button(self, axis: int) -> QPushButton:
        plane = QPushButton(PLANE_NAMES[axis].capitalize())
        plane.setToolTip(PLANE_TOOLTIPS[axis])
        plane.setCheckable(True)
        plane.setMinimumHeight(28)
        plane.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        plane.clicked.connect(lambda _checked=False: self.plane_chosen.emit(axis))
        self.planes.addButton(plane, axis)
        return plane

    def _open_typed(self) -> None:
        if self.path.text().strip():
            self.path_chosen.emit(self.path.text().strip())

    def _choose_folder(self) -> None:
        self._choose(QFileDialog.getExistingDirectory(self, "Open a DICOM folder", self._start()))

    def _choose_file(self) -> None:
        self._choose(
            QFileDialog.getOpenFileName(self, "Open a NIfTI file", self._start(), "NIfTI (*.nii *.nii.gz)")[0]
        )

    def _choose_upon(self) -> None:
        title = "Open structures or landmarks on this image"
        path = QFileDialog.getOpenFileName(self, title, self._start(), UPON_PATTERN)[0]
        if path:
            self.upon_chosen.emit(path)

    def _choose(self, path: str) -> None:
        if path:
            self.path.setText(path)
            self.path_chosen.emit(path)

    def _start(self) -> str:
        typed = self.path.text().strip()
        return str(Path(typed).parent) if typed else ""


def describe_volume(case: Case) -> str:
    """Modality, size and spacing of the image, for people: columns, rows, slices."""
    grid, source = case.volume.grid, case.volume.source
    kind = source.modality or source.format
    unit = f" · {case.volume.quantity.unit}" if case.volume.quantity.unit else ""
    warned = f" · ⚠ {len(case.volume.warnings)}" if case.volume.warnings else ""
    return f"{kind} · {size_of(grid)} · {spacing_of(grid)}{unit}{warned}"
