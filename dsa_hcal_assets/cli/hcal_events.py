"""`dsa-hcal events`: the time line of what was done to the detector."""

import json
from collections.abc import Callable, Hashable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.errors import BadInput, ConfigurationError, DatabaseUnavailable
from dsa_hcal_assets.settings import load_settings

if TYPE_CHECKING:
    import pandas as pd

    from dsa_hcal_assets.database.connection import Database
    from dsa_hcal_assets.ledger import Ledger
    from dsa_hcal_assets.settings import Settings

KINDS = (
    "led_on",
    "led_off",
    "test_pulse_on",
    "test_pulse_off",
    "gain_changed",
    "offsets_changed",
    "run_started",
    "run_ended",
    "power_cut",
    "note",
)
MOMENT = click.DateTime(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%d"])


class _HalfSector(click.ParamType[int]):
    """A half-sector by its number 0-127 or its name, such as O-31S."""

    name = "half-sector"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        from dsa_hcal_assets.hcal.mapping.geometry import NoSuchTower, half_sector_of_label

        if isinstance(value, int) or str(value).isdecimal():
            return int(value)
        try:
            return half_sector_of_label(value)
        except NoSuchTower:
            self.fail(f"{value!r} is neither a number 0-127 nor a name such as O-31S", param, ctx)


@click.group()
def events() -> None:
    """Record and show what was done to the detector: LED, test pulse, gain, offsets, runs, power cuts.

    Recording is all the platform does: it never issues control. Events also come as small JSON files in
    <incoming>/events (docs/data-formats.md); times are UTC.
    """


@events.command()
@click.argument("kind", metavar="KIND", type=click.Choice(KINDS))
@click.option("--at", "moment", type=MOMENT, help="When it happened, UTC; default: now.")
@click.option("--detector", type=click.IntRange(0, 2), help="A whole detector: 0 OHCal, 1 IHCal, 2 EMCal.")
@click.option("--half-sector", type=_HalfSector(), help="One half-sector: O-31S, or its number 0-127.")
@click.option("--tower", "tower_id", type=int, help="One tower (unique id).")
@click.option("--run", "run_number", type=int, help="Number of the run.")
@click.option("--value", default="{}", help='What else is known, as JSON: \'{"gain": "high"}\'.')
@click.option("--text", help="A remark.")
@click.option("--source", default="command line", show_default=True, help="Who says so.")
def add(
    kind: str, moment: datetime | None, value: str, text: str | None, source: str, **scope: int | None
) -> None:
    """Record one event. Without detector, half-sector and tower it concerns everything.

    KIND is led_on, led_off, test_pulse_on, test_pulse_off, gain_changed, offsets_changed, run_started,
    run_ended, power_cut or note.

    When the database is away the event waits in <incoming>/events; the platform records it by itself.

    \b
    Examples:
      dsa-hcal events add led_on --half-sector O-31S --value '{"mask": 31}'
      dsa-hcal events add run_started --run 71234 --value '{"kind": "physics"}'
      dsa-hcal events add note --text "chiller replaced"
    """  # noqa: D301 - click wants the backspace character
    from dsa_hcal_assets.hcal.events import recording
    from dsa_hcal_assets.hcal.events.event_file import FORMAT, parse_event, write_event

    try:
        said = json.loads(value)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--value") from error
    if text is not None and isinstance(said, dict):
        said["text"] = text
    at = (moment.replace(tzinfo=UTC) if moment else utc_now()).isoformat()
    given = {name: number for name, number in scope.items() if number is not None}
    record = {"format": FORMAT, "at": at, "kind": kind, "source": source, "value": said, **given}
    event, settings = parse_event(json.dumps(record), "the event"), load_settings()
    incoming = settings.incoming / "events"

    def act(database: "Database", ledger: "Ledger") -> None:
        done = recording.record(event, incoming, database, ledger, "cli")
        number = f" as event {done.event_id}" if done.event_id is not None else ""
        click.echo(f"{event.at:%Y-%m-%d %H:%M:%S} {event.kind}: {done.standing}{number}")

    if not _with_database(settings, act):
        write_event(incoming, event)


@events.command("import")
@click.argument(
    "paths", metavar="FILE...", type=click.Path(exists=True, dir_okay=False, path_type=Path), nargs=-1
)
def import_command(paths: tuple[Path, ...]) -> None:
    """Record events from files with one JSON object a line, each as it would be a file of its own.

    Lines that are no events, and events that contradict what is recorded, are told and left out; the
    exit code is 1 then. May be repeated.
    """
    from dsa_hcal_assets.hcal.events.event_file import parse_event, write_event
    from dsa_hcal_assets.hcal.events.recording import record_landed

    found = 0
    refused: list[str] = []
    settings = load_settings()
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if not line.strip():
                continue
            try:
                write_event(settings.incoming / "events", parse_event(line, f"{path}, line {number}"))
                found += 1
            except BadInput as error:
                refused.append(str(error))

    def act(database: "Database", ledger: "Ledger") -> None:
        done = record_landed(settings.incoming / "events", database, ledger, "cli")
        refused.extend(f"{name}: see `dsa-hcal quarantine list --details`" for name in done.refused)
        click.echo(f"{found} read, {done.recorded} recorded now")

    _with_database(settings, act)
    for told in refused:
        click.echo(f"refused: {told}", err=True)
    if refused:
        click.get_current_context().exit(1)


@events.command("list")
@click.option("--since", type=MOMENT, help="UTC; default: a week ago.")
@click.option("--until", type=MOMENT, help="UTC; default: now.")
@click.option("--kind", "kinds", type=click.Choice(KINDS), multiple=True, help="Only these kinds.")
def list_command(since: datetime | None, until: datetime | None, kinds: tuple[str, ...]) -> None:
    """List what happened, in order of time."""
    import pandas as pd

    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.hcal.events import timeline
    from dsa_hcal_assets.hcal.events.event import Kind

    end = until.replace(tzinfo=UTC) if until else utc_now() + timedelta(hours=1)
    start = since.replace(tzinfo=UTC) if since else end - timedelta(days=7)
    with access.opened(load_settings()) as database:
        frame = timeline.events(database, start, end, [Kind(kind) for kind in kinds] or tuple(Kind))
    for row in frame.to_dict("records"):
        run = "" if pd.isna(row["run_number"]) else f"  run {row['run_number']}"
        value = f"  {json.dumps(row['value'])[:120]}" if row["value"] else ""
        click.echo(
            f"{row['at']:%Y-%m-%d %H:%M:%S}  {row['kind']:<15} {_scope(row)}{run}{value}  ({row['source']})"
        )
    click.echo(f"{len(frame)} events")


@events.command("at")
@click.argument("moment", metavar="TIME", type=MOMENT)
def at_command(moment: datetime) -> None:
    """Show how things stood at a TIME (UTC): what was on, which gain, which run."""
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.hcal.events import timeline

    with access.opened(load_settings()) as database:
        frame = timeline.state_at(database, moment.replace(tzinfo=UTC))
    for (topic, state), rows in frame.groupby(["topic", "state"]):
        click.echo(f"{topic} {state}: {_extent(rows)}, since {rows['since'].min():%Y-%m-%d %H:%M:%S}")
    if frame.empty:
        click.echo("nothing is known of that time")


def _with_database(settings: "Settings", act: Callable[["Database", "Ledger"], None]) -> bool:
    """Do something with database and ledger; without one, say that events wait and return False."""
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.ledger import Ledger

    try:
        with access.opened(settings) as database:
            act(database, Ledger(database, settings.quarantine))
    except (ConfigurationError, DatabaseUnavailable) as error:
        waiting = settings.incoming / "events"
        click.echo(f"until the platform runs, events wait in {waiting}: {error.what}")
        return False
    return True


def _scope(row: Mapping[Hashable, Any]) -> str:
    import pandas as pd

    from dsa_hcal_assets.hcal.mapping import geometry

    if pd.notna(row["half_sector"]):
        return geometry.half_sector_label(row["half_sector"])
    if pd.notna(row["detector"]):
        return ("OHCal", "IHCal", "EMCal")[row["detector"]]
    return f"tower {row['tower_id']}" if pd.notna(row.get("tower_id")) else "everything"


def _extent(rows: "pd.DataFrame") -> str:
    """Name up to six half-sectors; count more of them."""
    if rows["run_number"].notna().all() and rows["detector"].isna().all():
        return ", ".join(f"run {number}" for number in rows["run_number"])
    names = [_scope(row) for row in rows.to_dict("records")]
    return ", ".join(names) if len(names) <= 6 else f"{len(names)} half-sectors ({names[0]} ... {names[-1]})"
