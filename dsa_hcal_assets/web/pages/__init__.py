"""Pages for people: the index, observing days, the dashboard.

Belongs here: templates, their scripts and styles, and what they are filled with. Not here: anything a
program would ask for (`web.api`).
"""
