"""Points in time as texts write them: dates, wall time, names of zones; nothing here knows what time it is."""
