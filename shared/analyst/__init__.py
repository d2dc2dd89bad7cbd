"""What an analyst follows and how companies and articles are ranked for one; not how either is stored."""
