"""From the subbands of a group to one Measurement Set.

Belongs here: geometry of phase centres and baselines (`geometry`, `phase`), what a group becomes
(`plan`, `windows`), reading of visibilities (`visibilities`), the tables (`schema`, `subtables`, `rows`,
`scratch_columns`), the function that joins them (`group`), the same by pyuvdata (`through_pyuvdata`), the
choice between the two (`writers`), the call for a worker child (`job`), what it took (`performance`), and
what is measured of the result (`survey`, `quality`, `figures`). Not here: flagging, calibration.
"""
