"""Contours: planar polygons in mm, where they lie on a grid, tracing them from voxels, and editing them.

Everything here is imported when it is first used: the edits need shapely.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
