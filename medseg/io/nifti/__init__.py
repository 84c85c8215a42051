"""NIfTI files: images and label maps in, label maps and images out."""
