"""Rows and fields of a format: CSV, workbooks, Avro, layouts and mappings; not where such rows lie (in_house)."""
