"""Builds the packs of the catalogue from public packages. It is not for any process: what it writes is in packs/."""
