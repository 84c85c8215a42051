"""The tools with which contours are drawn and corrected; plain Python without Qt or napari."""
