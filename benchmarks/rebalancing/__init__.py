"""Real scoring workers on a Kafka of their own, and what their coming and going costs."""
