"""NRRD files: plain label maps and the segmentations of 3D Slicer.

The format is that of https://teem.sourceforge.net/nrrd/format.html. Reader and writer are our own: pynrrd
drops letters that are not ASCII, inflates without a limit and opens any file that a header names. It reads in
the tests what is written here, as SimpleITK does.
"""
