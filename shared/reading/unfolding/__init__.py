"""What lies behind a number that is shown: one document with all that is known of it, or what moved a company.

Not how it is drawn, and not signals: what a strategy says of its evidence travels with them.
"""
