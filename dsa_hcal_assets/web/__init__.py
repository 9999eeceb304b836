"""The read-only HTTP face: health, status, metrics, product files, and a page that links them.

Belongs here: answering over HTTP what the rooms below know. Not here: any change of data or start
of work, and any answer that hides an outage behind empty data.
"""
