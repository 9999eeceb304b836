"""`dsa-hcal daq types`: the job types there are and the keys of their files."""

from collections.abc import Iterator
from typing import Any

import click


@click.command()
@click.argument("name", required=False)
def types(name: str | None) -> None:
    """List the installed job types, or, with NAME, every key of that type's file."""
    from dsa_hcal_assets.daq.jobs.types import BrokenJobType, known_types, load_type

    if name is not None:
        job_type = load_type(name)
        click.echo(f"{name}: {_summary(job_type)}\n")
        for line in _keys(job_type.Config.model_json_schema(by_alias=True)):
            click.echo(line)
        return
    for known in known_types():
        try:
            click.echo(f"{known:20} {_summary(load_type(known))}")
        except BrokenJobType as error:
            click.secho(f"{known:20} {error}", fg="red")


def _summary(job_type: type[Any]) -> str:
    return (job_type.__doc__ or "").strip().partition("\n")[0]


def _keys(schema: dict[str, Any], within: str = "", top: dict[str, Any] | None = None) -> Iterator[str]:
    """Yield one line a key, tables with the keys in them."""
    top = schema if top is None else top
    required = schema.get("required", ())
    for key, one in schema.get("properties", {}).items():
        table = _table(one, top)
        default = "" if key in required else f" [{one.get('default')!r}]" if table is None else ""
        needed = " (required)" if key in required else ""
        description = one.get("description") or (table or {}).get("description", "")
        yield f"{within}{key}{needed}{default}: {' '.join(description.split())}"
        if table is not None:
            yield from _keys(table, f"{within}{key}.", top)


def _table(one: dict[str, Any], top: dict[str, Any]) -> dict[str, Any] | None:
    """Return the schema of the table that a key holds, or that each item of its list is."""
    inner = one.get("items", one)
    for candidate in (inner, *inner.get("allOf", ()), *inner.get("anyOf", ())):
        reference = candidate.get("$ref", "") if isinstance(candidate, dict) else ""
        found = top.get("$defs", {}).get(reference.rpartition("/")[2], {})
        if "properties" in found:
            return dict(found)
    return None
