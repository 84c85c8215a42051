"""DICOM segmentations, both ways (PS3.3 A.51 Segmentation IOD, C.8.20).

Voxels, segments and references are the standard's; what it has no place for (labels, layers and what is part
of what) goes into private elements, which other programs pass over.
"""
