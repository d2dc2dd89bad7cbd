"""The past played again through the live code: what is read, in which order, and by whom.

What a run leaves behind is in services/runs, what it was worth in services/backtest; what prints, in services/commands.
"""
