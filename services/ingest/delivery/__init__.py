"""A source's way to Kafka: what is published already, what waits, what was rejected; not how an item is read."""
