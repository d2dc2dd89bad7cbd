"""What processes tell of themselves, what is measured of them and of what comes; not what they make of documents."""
