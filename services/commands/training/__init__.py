"""The commands of a model's life: their options, progress bars and tables; what they do is in services/training."""
