"""Every Typer command: words, options, wiring and the one line for an error; what a command does is done elsewhere."""
