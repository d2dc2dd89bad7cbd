"""Every Typer command, a package for each subject; here is what they share: options, mounting, the line for an error.
What a command does is done elsewhere."""
