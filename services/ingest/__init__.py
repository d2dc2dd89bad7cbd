"""From a source to documents.*: read, normalised, masked, published once; what a text means is not asked here."""
