"""The HTTP face: API, live data, metrics, product files and pages, and who is let in.

Belongs here: answering over HTTP what the rooms below know, and handing them what people ask for. Not
here: how any of it is done, and any answer that hides an outage behind empty data.
"""
