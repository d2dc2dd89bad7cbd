"""From a finished run to a folder under models/: calibrated, shrunk, exported, described; nothing learns here."""
