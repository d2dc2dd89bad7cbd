"""Finding and taking back what one author wrote (`bellwether erase --author`); what deletions do then is elsewhere."""
