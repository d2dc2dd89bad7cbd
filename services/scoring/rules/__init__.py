"""Rules over what was read: a document that matches is dropped, weighs less, is set right or carries a flag.

They are applied to a document's opinions after the model, before Kafka: pure functions of document, opinions and rules.
"""
