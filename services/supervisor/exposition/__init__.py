"""What a run looks like from outside, for Prometheus; what one process measures of itself is services.runtime's."""
