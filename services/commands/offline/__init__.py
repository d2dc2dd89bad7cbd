"""Commands that run the live code on given texts or past records, and back-tests; no running system is needed."""
