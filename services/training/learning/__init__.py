"""What changes weights: pre-training, fine-tuning and their settings; judging a run is measuring's."""
