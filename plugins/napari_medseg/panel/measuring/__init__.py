"""The numbers of the chosen structure, live as its contours change."""
