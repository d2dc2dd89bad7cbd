"""Everything that runs as a worker or a command; not what the dashboard needs as well, which stands in `shared`."""
