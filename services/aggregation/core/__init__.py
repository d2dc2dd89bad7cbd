"""What a batch of records changes in a slot, as pure functions of values; no Redis, no Kafka, no clock."""
