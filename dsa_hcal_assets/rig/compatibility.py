"""What users of the older rig program find where it left it: its table, and its processed file.

Both are there only when a setting names them. Belongs here: these two forms. Not here: the readings
themselves (tables).
"""

from pathlib import Path

from psycopg2 import sql

from dsa_hcal_assets.daq.durable_file import make_directory, replace_durably
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import ConfigurationError

_COMMENT = "Compatibility: cleaned readings of the rig under the name and columns of the older program"
_VIEW = sql.SQL("""
create or replace view public.{name} as
select read_at as timestamp, temperature, pressure, uptime, temperature_zscore, pressure_zscore,
       temperature_alert, pressure_alert
  from rig.reading
""")
_MEANINGS = {
    "timestamp": "Time of the reading (UTC)",
    "temperature": "deg C",
    "pressure": "kPa",
    "uptime": "h since the rig was started",
    "temperature_zscore": "Distance from the mean of the day in sample standard deviations",
    "pressure_zscore": "Distance from the mean of the day in sample standard deviations",
    "temperature_alert": "none or red",
    "pressure_alert": "none, yellow or red",
}
_RELATIONS = """
select relname, coalesce(obj_description(oid, 'pg_class'), '') = %(comment)s
  from pg_class where relnamespace = 'public'::regnamespace
   and (relname = %(name)s or obj_description(oid, 'pg_class') = %(comment)s)
"""


def provide_view(database: Database, name: str | None) -> None:
    """Let the view of cleaned readings have this name in schema `public`, and no other; None: no view.

    Raises
    ------
    ConfigurationError
        If something else has the name.
    """
    with database.transaction() as cursor:
        cursor.execute(_RELATIONS, {"name": name, "comment": _COMMENT})
        found = dict(cursor.fetchall())
        if name in found and not found[name]:
            raise ConfigurationError(
                f"the rig's table cannot be called {name}",
                found="another relation of this name in schema public",
                remedy="set DSA_HCAL_RIG__TABLE_NAME to a free name",
            )
        for old in found.keys() - {name}:
            cursor.execute(sql.SQL("drop view public.{}").format(sql.Identifier(old)))
        if name is None:
            return
        view = sql.Identifier("public", name)
        cursor.execute(_VIEW.format(name=sql.Identifier(name)))
        cursor.execute(sql.SQL("comment on view {} is %s").format(view), (_COMMENT,))
        for column, meaning in _MEANINGS.items():
            target = sql.Identifier("public", name, column)
            cursor.execute(sql.SQL("comment on column {} is %s").format(target), (meaning,))


def write_processed_file(database: Database, day: str, text: bytes, path: Path) -> bool:
    """Put the processed readings of a UTC day at `path` if it is the newest day; return whether it is.

    Raises
    ------
    DiskFull, WriteFailed
        If the operating system refuses; the older file is unchanged.
    """
    [(newest,)] = database.rows("select max(day)::text from rig.cleaned_day")
    if newest is not None and day < newest:
        return False
    make_directory(path.parent)
    replace_durably(path, text)
    return True
