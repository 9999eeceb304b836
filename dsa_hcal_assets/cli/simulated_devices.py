"""What the commands that simulate devices share: options, and serving until they are stopped."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

import click

C = TypeVar("C", bound=Callable[..., object])
Beside = Callable[[], Coroutine[Any, Any, None]]

SEED = click.option("--seed", default=0, show_default=True, help="Of the simulated devices.")
LATENCY = click.option(
    "--latency-ms", type=click.FloatRange(min=0), default=20.0, show_default=True, help="Of healthy replies."
)


def listening(command: C) -> C:
    """Add the options that say where devices listen: ``--host`` and ``--port-base``."""
    host = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
    port_base = click.option(
        "--port-base",
        type=click.IntRange(0, 65000),
        default=0,
        show_default=True,
        help="Port of the first one, the others follow; 0: free ones.",
    )
    return host(port_base(command))


class Devices(Protocol):
    """Simulated devices that listen between `start` and `stop`."""

    async def start(self) -> None:
        """Listen."""

    async def stop(self) -> None:
        """End."""


def serve(devices: Devices, listed: Callable[[], str], beside: Beside | None = None) -> None:
    """Serve `devices` until Ctrl-C or SIGTERM.

    Parameters
    ----------
    listed
        Called once all listen: writes where, and returns the line that tells it.
    beside
        Starts what runs meanwhile.

    Raises
    ------
    click.ClickException
        If an address cannot be listened on or the list cannot be written.
    """
    try:
        asyncio.run(_serve(devices, listed, beside))
    except OSError as error:
        raise click.ClickException(f"cannot listen: {error}") from error


async def _serve(devices: Devices, listed: Callable[[], str], beside: Beside | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    running = None
    await devices.start()
    try:
        click.echo(listed())
        if beside is not None:
            running = asyncio.create_task(beside())
        await stop.wait()
    finally:
        if running is not None:
            running.cancel()
        await devices.stop()
