"""Segmenters without a network: each one idea, from the literature, in patient mm."""
