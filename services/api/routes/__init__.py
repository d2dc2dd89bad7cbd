"""The routes, a module for each kind of thing; every one is in the table of roles (services/api/admission/roles.py)."""
