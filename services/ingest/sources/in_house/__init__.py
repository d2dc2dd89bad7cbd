"""What a user's own house has: files, a folder that fills, a Kafka topic; how a row is read is told in `tabular`."""
