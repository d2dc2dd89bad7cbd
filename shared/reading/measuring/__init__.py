"""Windows, formulas and sums of buckets, as everyone shows them; no values of its own and no frames."""
