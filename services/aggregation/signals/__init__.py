"""From closed hours to signals and onto their topic; buckets are read through a store, never changed."""
