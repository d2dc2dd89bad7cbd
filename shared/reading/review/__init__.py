"""Review: which of the model's answers people should look at, what they said of them, and how that is taken down."""
