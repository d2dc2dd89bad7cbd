"""What a replay writes and a back-test reads: the run's folder, its opinions, its result, and how far it is.

Nothing here plays a record or looks at a price.
"""
