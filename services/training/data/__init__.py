"""Labelled and unlabelled texts as examples and batches; no model reads them here."""
