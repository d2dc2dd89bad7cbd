"""What a question asks for, read from its words, its times and the companies that it names. Pure."""
