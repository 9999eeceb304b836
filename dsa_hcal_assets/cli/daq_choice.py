"""Which supervisor a command of `dsa-hcal daq` means, and the connection to it."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dsa_hcal_assets.errors import ConfigurationError

if TYPE_CHECKING:
    from dsa_hcal_assets.daq.control.client import ControlClient


def chosen_run_dir(supervisor: str | None) -> Path:
    """Return the run directory of a supervisor of this machine; without an id there may be only one.

    Raises
    ------
    ConfigurationError
        If there is none, or several and no id was given.
    """
    from dsa_hcal_assets.daq.supervisor.main import run_directory
    from dsa_hcal_assets.daq.supervisor.status import FILE_NAME, read_status
    from dsa_hcal_assets.settings import load_settings

    state = load_settings().state_dir
    if supervisor is not None:
        found = run_directory(state, supervisor)
        if not found.is_dir():
            raise ConfigurationError(f"no supervisor {supervisor!r} has run below {state.absolute()}")
        return found
    there = sorted(path.parent for path in (state.absolute() / "daq").glob(f"*/{FILE_NAME}"))
    statuses = [(path, read_status(path)) for path in there]
    alive = [path for path, status in statuses if status is not None and status.alive]
    candidates = alive or there
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise ConfigurationError(
            f"no supervisor has run below {state.absolute()}",
            remedy="`dsa-hcal daq run CONFIG_DIR` starts one; DSA_HCAL_STATE_DIR says where",
        )
    names = [status.supervisor for path, status in statuses if status is not None and path in candidates]
    raise ConfigurationError(
        "there are several supervisors", found=", ".join(names), remedy="say --supervisor ID"
    )


def connected(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that choose a supervisor, and the connected client as its first argument."""

    @click.option("--supervisor", help="Id of a supervisor of this machine; needed if there are several.")
    @click.option("--at", "address", metavar="ADDRESS", help="A supervisor elsewhere, tcp://host:port.")
    @click.option(
        "--server-key",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="With --at: file with the supervisor's public key.",
    )
    @click.option(
        "--own-keys",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="With --at: directory of your key pair (`dsa-hcal daq keys make`).",
    )
    @wraps(command)
    def with_client(
        *arguments: Any,
        supervisor: str | None,
        address: str | None,
        server_key: Path | None,
        own_keys: Path | None,
        **options: Any,
    ) -> None:
        with _client(supervisor, address, server_key, own_keys) as client:
            command(client, *arguments, **options)

    return with_client


def _client(
    supervisor: str | None, address: str | None, server_key: Path | None, own: Path | None
) -> "ControlClient":
    from dsa_hcal_assets.daq.control.client import ControlClient
    from dsa_hcal_assets.daq.federation.keys import own_keys, public_key

    if address is None:
        return ControlClient.local(chosen_run_dir(supervisor))
    if server_key is None or own is None:
        raise click.UsageError("--at needs --server-key and --own-keys")
    return ControlClient(address, public_key(server_key), own_keys(own))
