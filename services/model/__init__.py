"""Texts in, probabilities and embeddings out: engines, encoders, precisions, language packs.

Only inference belongs here, not training (services/training), and nothing that knows Kafka, Redis or a company.
"""
