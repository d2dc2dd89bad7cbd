"""What a run keeps in Redis, one module for each kind of value; formulas over them are in `measuring`, not here."""
