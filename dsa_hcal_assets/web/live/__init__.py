"""Live data over WebSocket, ``/ws/data``: what changes is read once and sent to every client.

Belongs here: the hub, the clients, what the topics hold (docs/api.md has the protocol). Not here: the
questions to the database where a domain has them (its readers), and pages (`web.pages`).
"""
