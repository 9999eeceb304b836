"""An application behind real sockets, served as the platform serves it, in a thread of the test."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.web.serve import configuration

START_SECONDS = 30.0


@contextmanager
def served(settings: Settings) -> Iterator[int]:
    """Serve an installation on 127.0.0.1; give the port."""
    server = uvicorn.Server(configuration(settings.model_copy(update={"api_port": 0})))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + START_SECONDS
        while not server.started:
            assert thread.is_alive(), "the server ended"
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)
        assert not thread.is_alive()
