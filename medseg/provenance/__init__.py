"""Provenance: digests and records of who made what from which inputs."""
