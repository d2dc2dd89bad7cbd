"""Where a slot lives, one module for each implementation of the contract in core/store.py; no rule of what counts."""
