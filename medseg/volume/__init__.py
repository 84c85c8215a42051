"""Volume: voxels on a Grid, what the values are, where they came from; and series of volumes."""

from medseg.volume.volume import Quantity, Source, SourceFile, Volume, locked
from medseg.volume.volume_series import SeriesAxis, VolumeSeries

__all__ = ["Quantity", "SeriesAxis", "Source", "SourceFile", "Volume", "VolumeSeries", "locked"]
