"""What the archive answers with: documents and how well they fit, sentences of them, exact counts. How it is read is in
shared/reading/archive, and nothing here writes."""
