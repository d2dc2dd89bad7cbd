"""What the page of one document reads: the archive's dossier, and the API's words."""
