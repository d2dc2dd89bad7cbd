"""The one way to read what a run has left in Redis, Kafka and its folder, in the values of the contract; frames,
drawing and what a worker writes do not belong here."""
