"""Commands that read what a run knows, for people and agents; none of them changes it."""
