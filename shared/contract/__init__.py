"""What processes agree on: messages, topics, keys and values of Redis; types and pure functions, no connections."""
