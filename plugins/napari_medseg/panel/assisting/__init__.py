"""Segmenters beside the reader: they are asked, and what they propose is taken over or not."""
