"""Training: cases → a plan → patches → a network, as a MONAI bundle."""
