"""Companies and sectors side by side."""
