"""What makes a document of a raw item: cleaning, times, language, masking; pure, and nothing is published here."""
