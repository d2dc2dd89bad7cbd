"""Companies that are related to one: which they are by the settings, and what is said of them."""
