"""Commands on what comes in: sources, files, the synthetic week, instruments; not on what became of it (reading)."""
