"""What the page of one document asks others for, and how it waits; the archive is read by shared/reading alone."""
