"""Ask, measured: a corpus that is archived by the workers' own code, questions with their answers, and the marks."""
