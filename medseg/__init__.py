"""medseg: contour, complete in 3-D, sign off, prove it later."""
