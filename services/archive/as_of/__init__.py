"""What a run was at a moment: opinions folded from a checkpoint on, and proofs; records are taken in elsewhere."""
