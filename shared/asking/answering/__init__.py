"""What the archive answers with: documents and how well they fit, sentences of them, and exact counts."""
