"""What processes tell of themselves and what is measured of them; not what they make of documents."""
