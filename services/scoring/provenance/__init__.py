"""Which model and universe a run is read with, and since which position; nothing here scores."""
