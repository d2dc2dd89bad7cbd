"""Commands on what is stored: archive, backups, dead letters; not on what it says (reading)."""
