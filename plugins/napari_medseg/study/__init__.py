"""A study in the window: the worklist, reviewing, comments and signatures."""
