"""Landmarks in files: Slicer's markups (``.mrk.json``) and old lists (``.fcsv``), and tables (``.csv``)."""

from medseg.io.landmarks.content import ReadLandmarks
from medseg.io.landmarks.file import read_landmarks, write_landmarks

__all__ = ["ReadLandmarks", "read_landmarks", "write_landmarks"]
