"""Configuration of the documentation."""

import medseg

project = "medseg"
author = "The medseg developers"
copyright = "2026, the medseg developers. Apache-2.0"
version = release = medseg.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.doctest", "sphinx.ext.napoleon"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
nitpicky = False
autodoc_typehints = "description"
autodoc_member_order = "bysource"
html_theme = "alabaster"
html_theme_options = {
    "description": "Contour, complete in 3-D, sign off, prove it later",
    "page_width": "1100px",
}
doctest_global_setup = "import numpy as np"
