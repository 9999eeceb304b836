"""Who may use the routes: ``Depends(needs(Role.OPERATOR))`` gives the `Caller` or refuses.

    @router.post("/api/...")
    def act(caller: Annotated[Caller, Depends(needs(Role.OPERATOR))]) -> ...:

Reading routes get `Role.VIEWER` from web/app.py and declare nothing. WebSocket routes are admitted in the
same way, before they accept. Tests call an application through `dsa_hcal_assets_tests.web.callers`.

Belongs here: what stands between a socket and a route. Not here: tokens and the audit (`access`).
"""

from dsa_hcal_assets.access import Caller, Role
from dsa_hcal_assets.web.access.admission import needs

__all__ = ["Caller", "Role", "needs"]
