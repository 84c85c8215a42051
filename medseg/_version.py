"""The version of medseg, read by the build and written into every provenance record."""

__version__ = "0.1.0"
