"""Values in less room, and the words that they share."""
