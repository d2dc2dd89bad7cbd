"""The topics of a run: created, listed, resized and removed; records are read here only to repartition them."""
