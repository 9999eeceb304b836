"""PostgreSQL URLs: taken apart, put together, masked, and turned into Dagster's.

A server is reached over TCP (``postgresql://user:secret@host:port/name``) or over a unix socket
(``postgresql://user:secret@/name?host=/run/postgresql``). Nothing outside this module builds or
splits such a string.
"""

from urllib.parse import quote, urlencode

import psycopg2
from psycopg2.extensions import parse_dsn

from dsa_hcal_assets.errors import ConfigurationError

DAGSTER_SCHEMA = "dagster"
# Fields that have a place of their own in a URL; all others become its query.
_PLACED = ("user", "password", "host", "port", "dbname")


def parse(url: str) -> dict[str, str]:
    """Return the connection parameters libpq reads out of `url`.

    Raises
    ------
    ConfigurationError
        If it is no PostgreSQL URL or names no database; the message never shows a password.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.split("+")[0] not in ("postgresql", "postgres"):
        raise ConfigurationError(
            "the database URL is not one of PostgreSQL",
            expected="postgresql://user:secret@host:port/name",
            found=f"{scheme}://..." if separator else "no scheme",
            remedy="set DSA_HCAL_DATABASE_URL to a PostgreSQL server or unset it for the embedded one",
        )
    try:
        parameters = dict(parse_dsn(f"postgresql://{rest}"))
    except psycopg2.ProgrammingError:
        # libpq's message may quote the password, so it is neither shown nor chained.
        raise ConfigurationError(
            "the database URL cannot be read",
            expected="postgresql://user:secret@host:port/name",
            remedy="percent-encode special characters in user and password",
        ) from None
    if "dbname" not in parameters:
        raise ConfigurationError("the database URL names no database", expected=".../name at its end")
    return {key: str(value) for key, value in parameters.items()}


def build(scheme: str = "postgresql", **parameters: str | int) -> str:
    """Return the URL of connection parameters as `parse` gives them."""
    texts = {key: str(value) for key, value in parameters.items()}
    host = texts.get("host", "")
    query = {key: value for key, value in texts.items() if key not in _PLACED}
    if host.startswith("/"):
        query["host"] = host
        if "port" in texts:
            query["port"] = texts["port"]
        place = ""
    else:
        place = f"[{host}]" if ":" in host else host
        place += f":{texts['port']}" if "port" in texts else ""
    login = quote(texts.get("user", ""), safe="")
    if "password" in texts:
        login += ":" + quote(texts["password"], safe="")
    tail = f"?{urlencode(query, quote_via=quote)}" if query else ""
    return f"{scheme}://{login}{'@' if login else ''}{place}/{quote(texts['dbname'], safe='')}{tail}"


def with_database(url: str, name: str) -> str:
    """Return `url` for another database of the same server."""
    return build(**{**parse(url), "dbname": name})


def masked(url: str) -> str:
    """Return `url` fit for a log: the password is replaced."""
    parameters = parse(url)
    shown = {key: "XXX" if key == "password" else value for key, value in parameters.items()}
    return build(**shown)


def dagster_url(url: str) -> str:
    """Return the SQLAlchemy URL under which Dagster keeps its tables in schema ``dagster``.

    The driver is named because SQLAlchemy 2.1 reads a bare ``postgresql://`` as psycopg 3. The
    schema must exist: `migrations.apply` makes it.
    """
    parameters = parse(url)
    parameters["options"] = f"{parameters.get('options', '')} -csearch_path={DAGSTER_SCHEMA}".strip()
    return build("postgresql+psycopg2", **parameters)
