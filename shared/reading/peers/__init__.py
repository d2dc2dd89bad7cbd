"""Companies related to one: which ones, by the settings, and what is said of them; shared/universe knows how."""
