"""Links and scores texts that somebody hands in, outside the pipeline: no records, nothing is kept."""
