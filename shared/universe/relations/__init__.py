"""How companies are related: parents, companies of one industry and size, and what a user says; nothing from memory."""
