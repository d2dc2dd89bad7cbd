"""What a question asks for, by its words, times and companies. Pure: nothing here reads the archive."""
