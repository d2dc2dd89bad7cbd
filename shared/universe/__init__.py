"""The companies that Bellwether knows, with names and symbols; finding them in a text does not belong here."""
