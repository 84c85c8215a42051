"""The part of the panel that lists the images of the case, blends them, and goes through time points."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from medseg.workflows.registered import Candidate, Fit
from medseg.workflows.time_points import TimePoints
from napari_medseg.case import Case
from napari_medseg.panel.parts import button, heading, row
from napari_medseg.volume_texts import MODALITY_NAMES
from napari_medseg.volumes.images import ImageBeside, Images

ROW_HEIGHT_PX = 24
SHOWN_ROWS = 4
LIST_STYLE = f"QListWidget::item {{ min-height: {ROW_HEIGHT_PX}px; }}"
PERCENT = 100

BLEND_TIP = "How much of the chosen image is seen over the image of the case; switch and blend by keys, too"
AT_ONE_TIP = (
    "Contours that are drawn from now on belong to this time point alone, where they count instead of those "
    "of all time points; else they belong to all"
)
_OTHER_FRAME = "In another frame of reference: it can't be laid on the image of the case"
_UNKNOWN_FRAME = "Names no frame of reference: it is laid on by its coordinates"


class ImagesSection(QWidget):
    """Shows which images lie on the planes, and says what the user asks for."""

    search_asked = Signal(str)
    candidate_chosen = Signal(object)
    image_chosen = Signal(object)
    remove_asked = Signal()
    blend_changed = Signal(float)
    time_asked = Signal(int)
    time_scope_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = QListWidget()
        self.list.setToolTip("The images of this patient; the chosen one is blended over that of the case")
        self.list.setStyleSheet(LIST_STYLE)
        self.list.setFixedHeight(SHOWN_ROWS * ROW_HEIGHT_PX + 4)
        self.list.currentItemChanged.connect(lambda *_: self._choose_image())
        self.add = QPushButton("Add image…")
        self.add.setToolTip("Lay another image of this patient, such as a PET, on the image of the case")
        self.add.setMinimumHeight(28)
        self.menu = QMenu(self.add)
        self.menu.aboutToShow.connect(self._fill_menu)
        self.add.setMenu(self.menu)
        self.remove = button("Remove", "Take the chosen image away; contours stay", self.remove_asked.emit)
        self.blend = QSlider(Qt.Orientation.Horizontal)
        self.blend.setRange(0, PERCENT)
        self.blend.setToolTip(BLEND_TIP)
        self.blend.valueChanged.connect(lambda percent: self.blend_changed.emit(percent / PERCENT))
        self._blend_row = row(QLabel("blend"), self.blend, stretch=1)
        self.time = QSlider(Qt.Orientation.Horizontal)
        self.time.setToolTip("Which volume of the 4-D image is in view")
        self.time.valueChanged.connect(self.time_asked)
        self.time_text = QLabel()
        self.at_one_time = QCheckBox("draw at this time point only")
        self.at_one_time.setToolTip(AT_ONE_TIP)
        self.at_one_time.toggled.connect(self.time_scope_changed)
        self._time_parts = QWidget()
        times = QVBoxLayout(self._time_parts)
        times.setContentsMargins(0, 0, 0, 0)
        times.setSpacing(4)
        times.addWidget(self.time_text)
        times.addWidget(self.time)
        times.addWidget(self.at_one_time)
        self._candidates: tuple[Candidate, ...] = ()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 8, 6, 6)
        layout.setSpacing(6)
        for widget in (
            heading("Images"),
            self.list,
            row(self.add, self.remove),
            self._blend_row,
            self._time_parts,
        ):
            layout.addWidget(widget)
        layout.addStretch(1)
        self.show_images(None)
        self.show_time(None)

    def offer(self, candidates: tuple[Candidate, ...]) -> None:
        """Offer volumes that were found beside that of the case."""
        self._candidates = candidates

    def show_images(self, images: Images | None) -> None:
        """Show the images and how they are blended."""
        self.setEnabled(images is not None)
        several = images is not None and bool(images.beside)
        self._blend_row.setVisible(several)
        self.remove.setEnabled(images is not None and images.front is not None)
        self.list.blockSignals(True)  # noqa: FBT003 - Qt's signature
        self.list.clear()
        if images is not None:
            self._add_row(f"{images.case.name}  ·  the case", None)
            for image in images.beside:
                self._add_row(image.name, image)
            order = [None, *images.beside]
            self.list.setCurrentRow(next(n for n, one in enumerate(order) if one is images.front))
            self.blend.blockSignals(True)  # noqa: FBT003
            self.blend.setValue(round(images.blend * PERCENT))
            self.blend.blockSignals(False)  # noqa: FBT003
        self.list.blockSignals(False)  # noqa: FBT003

    def show_time(self, case: Case | None) -> None:
        """Show which volume of a 4-D image is in view; nothing for a 3-D one."""
        points: TimePoints | None = case.time_points if case is not None else None
        self._time_parts.setVisible(points is not None)
        if case is None or points is None or case.time_index is None:
            return
        self.time_text.setText(f"Volume {points.name_of(case.time_index)}")
        for widget in (self.time, self.at_one_time):
            widget.blockSignals(True)  # noqa: FBT003 - Qt's signature
        self.time.setRange(0, points.count - 1)
        self.time.setValue(case.time_index)
        self.at_one_time.setChecked(case.draws_at_one_time)
        for widget in (self.time, self.at_one_time):
            widget.blockSignals(False)  # noqa: FBT003

    def _add_row(self, text: str, image: ImageBeside | None) -> None:
        item = QListWidgetItem(text)
        item.setData(Qt.ItemDataRole.UserRole, image)
        self.list.addItem(item)

    def _choose_image(self) -> None:
        item = self.list.currentItem()
        if item is not None:
            self.image_chosen.emit(item.data(Qt.ItemDataRole.UserRole))

    def _fill_menu(self) -> None:
        self.menu.clear()
        self.menu.setToolTipsVisible(True)
        for candidate in self._candidates:
            action = self.menu.addAction(text_of(candidate))
            action.setEnabled(candidate.fit is not Fit.OTHER)
            action.setToolTip(_OTHER_FRAME if candidate.fit is Fit.OTHER else "")
            action.triggered.connect(lambda _checked=False, one=candidate: self.candidate_chosen.emit(one))
        if self._candidates:
            self.menu.addSeparator()
        self.menu.addAction("Look in a DICOM folder…", self._choose_folder)
        self.menu.addAction("NIfTI file…", self._choose_file).setToolTip(_UNKNOWN_FRAME)

    def _choose_folder(self) -> None:
        self._ask(QFileDialog.getExistingDirectory(self, "Look for images of this patient"))

    def _choose_file(self) -> None:
        self._ask(QFileDialog.getOpenFileName(self, "Add an image", "", "NIfTI (*.nii *.nii.gz)")[0])

    def _ask(self, path: str) -> None:
        if path:
            self.search_asked.emit(str(Path(path)))


def text_of(candidate: Candidate) -> str:
    """What a candidate is called in the menu."""
    name = name_of(candidate)
    return f"{name} (other frame of reference)" if candidate.fit is Fit.OTHER else name


def name_of(candidate: Candidate) -> str:
    """Modality and name of a candidate, for people."""
    modality = MODALITY_NAMES.get(candidate.modality, candidate.modality)
    return " · ".join(part for part in (modality, candidate.name) if part)
