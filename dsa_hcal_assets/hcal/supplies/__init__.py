"""Power supplies of the detector: bias crates, the low-voltage crate, source meters.

Belongs here: what they are asked, what their replies mean, which sector a channel serves, their
tables and what is read from them. Not here: polling, saving and loading in general (hcal/acquisition,
hcal/snapshots). Nothing here can switch or set anything.
"""
