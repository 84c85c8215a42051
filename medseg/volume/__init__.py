"""Volume: voxels on a Grid, what the values are, where they came from."""

from medseg.volume.volume import Quantity, Source, SourceFile, Volume, locked

__all__ = ["Quantity", "Source", "SourceFile", "Volume", "locked"]
