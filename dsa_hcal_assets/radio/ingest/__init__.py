"""Correlator files that landed: what they are, which group they belong to, what is still missing.

Belongs here, in the order of a look: which files are whole and new (`incoming`), what their headers say
(`uvh5` with `datasets`, `phase_centres` and `header_checks`; summed up in `header`; in a child process:
`child`), taking them into the ledger (`scan`), observation groups (`groups`, `completeness`; `forming`
while there is no header yet), and the numbers behind the gate of a group (`quality`). Not here:
visibilities; those are read by ``conversion``.
"""
