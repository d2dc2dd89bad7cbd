"""What the browser shows; it reads Redis and run folders through `shared` and imports nothing of `services`."""
