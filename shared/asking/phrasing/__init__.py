"""An answer put into sentences by a model that somebody named: asked for, checked, and shown beside the answer."""
