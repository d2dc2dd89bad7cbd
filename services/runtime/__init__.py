"""What every worker process stands on: Faust, records, the assignment, the run's binding, reports, how it ends.

It knows Kafka and Redis, but nothing of documents, opinions or signals.
"""
