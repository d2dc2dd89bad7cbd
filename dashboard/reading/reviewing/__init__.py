"""What lies before a reviewer in a session: a pile of questions, and what was answered; not the queue itself, which is
shared/reading/review's."""
