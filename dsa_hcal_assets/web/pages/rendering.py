"""Templates of the pages; whatever is put into them is escaped."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, Template

_ENVIRONMENT = Environment(loader=FileSystemLoader(Path(__file__).with_name("templates")), autoescape=True)


def template(name: str) -> Template:
    """Return the template of that file name."""
    return _ENVIRONMENT.get_template(name)
