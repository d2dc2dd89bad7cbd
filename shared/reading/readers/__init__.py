"""Who reads: keys of the API, profiles, the audit log; not what there is to read (values)."""
