"""Our own solver: antenna gains by alternating least squares, in one pass over the visibilities.

Belongs here: sums over the data that are all a solve needs (`normal`, `accumulation`), the solver
(`stefcal`), the solves of a calibrator group (`solves`) and CASA's table format (`caltable`). CASA's
own solvers stay selectable and are the reference these are tested against.
"""
