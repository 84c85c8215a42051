"""The image on its planes: what is shown where, and what the mouse points at."""
