"""A simulated day of scoring: what arrives, what the autoscaler's rule makes of it, and how the fleet follows."""
