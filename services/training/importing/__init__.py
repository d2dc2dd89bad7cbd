"""Published encoders in foreign packaging as folders that transformers reads; knows nothing of sets and runs."""
