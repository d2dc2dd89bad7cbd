"""Compact forms of what Redis keeps long, and nothing else; each reads what a former version wrote plainly."""
