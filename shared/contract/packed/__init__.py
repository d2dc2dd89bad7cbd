"""Compact forms of what Redis keeps long; each reads what a former version wrote plainly."""
