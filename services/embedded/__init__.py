"""A real Kafka and a real Redis as child processes, for one machine without Docker (and for the tests).

Clients of a Kafka or a Redis, wherever they run, do not belong here (shared/clients).
"""
