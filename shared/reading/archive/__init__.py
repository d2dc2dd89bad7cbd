"""How others read the archive (shared/contract/archive.py): search, history, the log's own copy. Loads LanceDB late."""
