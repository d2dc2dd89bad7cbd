"""How good a model is, by every yardstick there is; nothing here changes a weight."""
