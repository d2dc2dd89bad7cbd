"""What differs from one language to another, one value each; a further one is a file here and a line in `registry.py`.

No model, no guess by frequent words (services/ingest/documents/language.py) and no words of the pages.
"""
