"""How the packs of the catalogue are built from public packages. Nothing here runs in a worker: its output is kept."""
