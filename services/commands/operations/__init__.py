"""Commands that start, stop and watch the running system and lay out its topics; not those on documents or opinions."""
