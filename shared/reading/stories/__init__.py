"""Stories: what is told under one story key, since when, by how many, and what followed. Read of the archive alone."""
