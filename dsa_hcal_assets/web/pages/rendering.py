"""Templates of the pages; whatever is put into them is escaped."""

from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, Template

from dsa_hcal_assets.web.pages import static_files

# Pages have no script or style of their own: what is not a file of ours is not run, drawn or asked.
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
_ENVIRONMENT = Environment(loader=FileSystemLoader(Path(__file__).with_name("templates")), autoescape=True)
_ENVIRONMENT.globals["asset"] = static_files.address


def template(name: str) -> Template:
    """Return the template of that file name."""
    return _ENVIRONMENT.get_template(name)


def page(template: Template, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a template filled with `values` as an answer that may run only our own scripts."""
    return HTMLResponse(template.render(**values), status_code=status, headers=_HEADERS)
