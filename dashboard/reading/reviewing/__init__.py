"""What lies before a reviewer in a session: their pile of questions, and what they answered; not the queue itself, which
is shared/reading/review's."""
