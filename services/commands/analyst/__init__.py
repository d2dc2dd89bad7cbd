"""Commands on what an analyst follows and is told: watchlists, alerts; not on who may log in (access)."""
