"""Who may do what through the API: roles, tokens, sessions of browsers, and the record of what they did.

Belongs here: what PostgreSQL keeps about callers, and the rule where the API may listen. Not here: HTTP
(`web.access`), and rights in the database itself (`database.roles`).
"""

from dsa_hcal_assets.access.roles import Caller, Role

__all__ = ["Caller", "Role"]
