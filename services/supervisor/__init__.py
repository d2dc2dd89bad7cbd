"""`bellwether up`: starts the processes of a run by their command lines, restarts them, stops them all.

It meets the other services only on their command lines, in Redis and in Kafka; it imports none of them.
"""
