"""Connections to Kafka, to Redis and to the state folder; not what travels over them (shared/contract)."""
