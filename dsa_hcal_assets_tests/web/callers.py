"""Callers of an application under test: on this machine, from elsewhere, with tokens."""

from fastapi import FastAPI
from fastapi.testclient import TestClient

from dsa_hcal_assets.access import Role, tokens
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.settings.access import AccessSettings

# for `Settings(access=...)`: callers on this machine may act, or do everything, without a token
OPERATING = AccessSettings(local_role="operator")
ADMINISTERING = AccessSettings(local_role="admin")


def local(app: FastAPI) -> TestClient:
    """Return a caller on the application's own machine: a viewer, unless the settings say more."""
    return TestClient(app, base_url="http://127.0.0.1:8110", client=("127.0.0.1", 40000))


def remote(app: FastAPI, token: str | None = None) -> TestClient:
    """Return a caller from elsewhere, who needs a token."""
    return TestClient(
        app,
        base_url="http://192.0.2.1:8110",
        client=("192.0.2.7", 40000),
        headers=bearer(token) if token else None,
    )


def token_of(database: Database, role: Role, name: str | None = None) -> str:
    """Make a token; its name is the role's unless given."""
    return tokens.create(database, name or role, role, by="test", expires_at=None).text


def bearer(token: str) -> dict[str, str]:
    """Return the header that shows a token."""
    return {"Authorization": f"Bearer {token}"}
