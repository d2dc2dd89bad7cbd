"""What a process tells of itself: logs, reports, metrics; not whether it goes on (process.py)."""
