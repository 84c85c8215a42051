"""MONAI bundles: read, judged and run in a process of their own."""

from medseg.assist.bundle.files import Bundle, opened_bundle
from medseg.assist.bundle.outputs import Prediction
from medseg.assist.bundle.process import BundleProcess
from medseg.assist.bundle.segmenter import BundleSegmenter

__all__ = ["Bundle", "BundleProcess", "BundleSegmenter", "Prediction", "opened_bundle"]
