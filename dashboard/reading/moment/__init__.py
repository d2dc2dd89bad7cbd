"""What a page asks a run for, of now or of a moment of the past. No figures and no charts."""
