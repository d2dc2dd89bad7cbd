"""The one way to read what a run has left in Kafka, Redis and its folder; nothing here writes to a run."""
