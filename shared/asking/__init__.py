"""Ask: questions in words, answered with sentences of cited documents and exact counts, and with nothing else."""
