"""The napari plugin of medseg: the same use cases and names as the core, in a window."""
