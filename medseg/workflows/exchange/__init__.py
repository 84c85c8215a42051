"""Label maps in the formats of other programs: a table of formats, and how each is written and read."""
