"""DICOM RT structure sets: contours in patient mm, in and out (PS3.3 A.19)."""
