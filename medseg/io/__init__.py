"""Files in, files out, and nothing else."""
