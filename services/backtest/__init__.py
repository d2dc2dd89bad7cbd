"""What a run's signals were worth against prices: timing, positions, statistics, the tear sheet.

Signals are made elsewhere (services/aggregation/signals); nothing here reads Kafka, Redis or a model.
"""
