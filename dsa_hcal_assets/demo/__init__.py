"""What `make demo` does: the whole platform, started empty, on real and simulated data.

Belongs here: making the input, waiting for the products, the summary. Not here: anything a user's
own installation would need.
"""
