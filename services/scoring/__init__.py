"""From a document to its opinions: linking, asking the model, dead letters, and the worker around them.

How a model computes is in services/model, what opinions add up to in services/aggregation.
"""
