"""Values in less room, and the words that they share. What a value means is told by its own module, never here."""
