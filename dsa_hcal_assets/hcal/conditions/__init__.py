"""Conditions for reconstruction: the state valid at a time, payload files, global tags.

Belongs here: what is valid when, the files it is handed out in, and which tag means which file. Not
here: raw histories for analysts (access/) and how corrections are made (corrections/).
"""
