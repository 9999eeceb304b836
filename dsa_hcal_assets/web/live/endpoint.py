"""``WS /ws/data``: who may connect, and how many."""

import resource

from fastapi import APIRouter, WebSocket, WebSocketException, status

from dsa_hcal_assets.access import Role
from dsa_hcal_assets.settings.live import LiveSettings
from dsa_hcal_assets.web.access.admission import Admission
from dsa_hcal_assets.web.access.origins import is_own_origin
from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.live.hub import Hub
from dsa_hcal_assets.web.live.session import Admit, Session
from dsa_hcal_assets.web.live.topics import feeds

# Files the process needs for everything but live clients: requests, the database, pages.
_RESERVED_FILES = 200


def routes(web: Web) -> APIRouter:
    """Return the route; its hub lives as long as the application."""
    settings = web.settings.live
    return hub_route(Hub(feeds(settings), lambda: web.reader, settings), settings, _admit)


def hub_route(hub: Hub, settings: LiveSettings, admit: Admit | None = None) -> APIRouter:
    """Return the route to a hub; `admit` is asked again and again whether a client may still listen."""
    router = APIRouter(tags=["live"])
    connected: set[WebSocket] = set()

    @router.websocket("/ws/data")
    async def data(websocket: WebSocket) -> None:
        if not is_own_origin(websocket):
            # a page from elsewhere would read here what only the browser's machine may see
            raise WebSocketException(status.WS_1008_POLICY_VIOLATION)
        await websocket.accept()
        if len(connected) >= most_clients(settings.clients):
            await websocket.close(status.WS_1013_TRY_AGAIN_LATER, "too many clients")
            return
        connected.add(websocket)
        try:
            await Session(websocket, hub, settings, admit).run()
        finally:
            connected.remove(websocket)

    return router


async def _admit(websocket: WebSocket) -> None:
    admission: Admission = websocket.app.state.admission
    await admission.admit(websocket, Role.VIEWER)


def most_clients(wanted: int) -> int:
    """Return how many clients may listen: `wanted`, or fewer where the process may open too few files."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(wanted, max(1, files - _RESERVED_FILES))
