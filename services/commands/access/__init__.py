"""Commands on who may do what, and who did it: keys, the audit log; not on what an analyst follows (analyst)."""
