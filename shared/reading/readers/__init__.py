"""Who reads: keys of the API, profiles, the audit log, their labels; not what there is to read (values)."""
