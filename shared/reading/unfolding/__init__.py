"""What lies behind a number that is shown: one document with all that is known of it, or what moved a company."""
