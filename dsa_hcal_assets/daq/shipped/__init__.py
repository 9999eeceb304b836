"""Jobs that every installation can use, one module a job type.

Belongs here: jobs that know no instrument, and the template for digitizers of any vendor. Not here:
stores (`daq.stores`), the base class (`daq.jobs`), jobs of one instrument (its own room).
"""
