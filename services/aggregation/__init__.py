"""Opinions become aggregates and signals, exactly once; what reads them back for people stands in shared.reading."""
