"""How the packs of the catalogue are built from public packages. No process imports it; what it writes is in packs/."""
