"""Phantoms: patients that were never born, with known truth."""
