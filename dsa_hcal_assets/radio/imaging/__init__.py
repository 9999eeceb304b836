"""Imaging: from a calibrated Measurement Set to FITS images and what they are worth.

Belongs here: one interface (`imager`) over WSClean and CASA's tclean, the primary beam, FITS with
provenance, measurements, thumbnails, the worker entry point (`job`). Not here: mosaics, photometry,
limits (quality/thresholds.toml).
"""
