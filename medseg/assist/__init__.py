"""Assistance: proposals that a reader may accept."""
