"""One volume in the list of those to choose from: a picture, and what it is."""

from __future__ import annotations

import re
from html import escape

from qtpy.QtCore import Qt
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import QGraphicsOpacityEffect, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from medseg.errors import MedsegError
from medseg.workflows.list_volumes import ListedVolume
from napari_medseg.panel.messages import COLORS
from napari_medseg.slice_picture import SlicePicture
from napari_medseg.volume_texts import extent_of, facts_of, title_of

PICTURE_PX = 96
_MARGIN_PX = 8
_REFUSED_OPACITY = 0.75
_LONG_WORD = re.compile(r"(\S{40})")


class VolumeRow(QWidget):
    """Shows a listed volume.

    Args:
        listed: The volume, or what is refused.
    """

    def __init__(self, listed: ListedVolume) -> None:
        super().__init__()
        self.picture = QLabel("…" if listed.plan else "✕")
        self.picture.setObjectName("medseg_picture")
        self.picture.setFixedSize(PICTURE_PX, PICTURE_PX)
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        texts = QVBoxLayout()
        texts.setSpacing(3)
        texts.addStretch(1)
        for text in _texts(listed):
            texts.addWidget(text)
        texts.addStretch(1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(_MARGIN_PX, _MARGIN_PX, _MARGIN_PX, _MARGIN_PX)
        layout.setSpacing(12)
        layout.addWidget(self.picture)
        layout.addLayout(texts, 1)
        # The list below shows which row is marked.
        self.setStyleSheet(
            "QLabel { background: transparent; } #medseg_picture { background: black; color: white; }"
        )
        if listed.plan is None:
            # Paler, but not as pale as what napari disables: the reason is there to be read.
            paler = QGraphicsOpacityEffect(self)
            paler.setOpacity(_REFUSED_OPACITY)
            self.setGraphicsEffect(paler)

    def show_picture(self, found: SlicePicture | MedsegError) -> None:
        """Show the slice, or why there is none."""
        if isinstance(found, MedsegError):
            self.picture.setText("no picture")
            self.picture.setToolTip(found.message)
        else:
            self.picture.setPixmap(_pixmap(found, self.devicePixelRatioF()))


def _texts(listed: ListedVolume) -> list[QLabel]:
    labels = [QLabel(f"<b>{_html(title_of(listed))}</b>")]
    labels += [QLabel(_html(text)) for text in (facts_of(listed), extent_of(listed)) if text]
    if listed.error is not None:
        labels.append(QLabel(_html(_reason(listed.error))))
    elif listed.summary.warnings:
        labels.append(_warning(listed.summary.warnings))
    for label in labels:
        label.setTextFormat(Qt.TextFormat.RichText)
        label.setWordWrap(True)
    return labels


def _html(text: str) -> str:
    """Text that may be broken inside of very long words, such as UIDs and names of files."""
    return escape(re.sub(_LONG_WORD, "\\1\u200b", text))


def _reason(error: MedsegError) -> str:
    return f"Can't be opened: {error.message}{f'; {error.hint}' if error.hint else ''}"


def _warning(sentences: tuple[str, ...]) -> QLabel:
    more = f" … and {len(sentences) - 1} more" if len(sentences) > 1 else ""
    sign = f"<span style='color: {COLORS['warning']}'>⚠</span>"
    label = QLabel(f"{sign} {_html(sentences[0])}{more}")
    label.setToolTip("\n".join(sentences))
    return label


def _pixmap(picture: SlicePicture, ratio: float) -> QPixmap:
    """The slice as large as fits, in its true proportions."""
    rows, columns = picture.grey.shape
    image = QImage(picture.grey.data, columns, rows, columns, QImage.Format.Format_Grayscale8)
    scale = PICTURE_PX * ratio / max(picture.down_mm, picture.across_mm)
    pixmap = QPixmap.fromImage(
        image.scaled(
            max(1, round(picture.across_mm * scale)),
            max(1, round(picture.down_mm * scale)),
            Qt.AspectRatioMode.IgnoreAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
    )
    pixmap.setDevicePixelRatio(ratio)
    return pixmap
