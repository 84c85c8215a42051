"""What completing structures from sparse contours reaches, beside ITK's contour interpolator."""
