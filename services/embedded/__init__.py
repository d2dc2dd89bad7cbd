"""A real Kafka and a real Redis as child processes, for one machine without Docker (and for the tests)."""
