"""Companies and sectors side by side: what is compared and its sums; nothing is drawn here."""
