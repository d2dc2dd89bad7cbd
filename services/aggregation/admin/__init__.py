"""What a person does with the aggregates of a run as a whole (dump, export, back-up); nothing that a worker runs."""
