"""Companies and sectors side by side, as figures and tables. Pure: nothing is read here."""
