"""What a reviewer has before them: the pile of questions, what they answered, and how that is written down."""
