"""From the subbands of a group to one Measurement Set.

Belongs here: geometry of phase centres and baselines (`geometry`, `phase`), what a group becomes
(`plan`), reading of visibilities (`visibilities`), the tables (`schema`, `subtables`, `rows`), the
function that joins them (`group`), the same for a worker child (`job`), and what is measured of
the result (`survey`, `quality`, `figures`). Not here: flagging, calibration.
"""
