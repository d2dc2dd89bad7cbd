"""An answer put into sentences by a model that somebody named: asked for, checked, and shown beside the answer.

Nothing here changes an answer: that is made in shared/asking/answering.
"""
