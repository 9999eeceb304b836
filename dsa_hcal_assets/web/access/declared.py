"""Which role each route needs, read off the routes themselves; and the OpenAPI document that says so."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from dsa_hcal_assets.access import Role
from dsa_hcal_assets.web.access.admission import COOKIE, Needs

_REFUSALS = {
    400: "The server is not asked by that name",
    401: "A token is needed, or the one shown is not valid",
    403: "The caller's role is not enough, or a page of another origin asks for an action",
    413: "The body is too large",
    429: "Too many requests; Retry-After says when to ask again",
    503: "The database is away",
}


@dataclass(frozen=True)
class DeclaredRoute:
    """A path with its methods (none: WebSockets and what is mounted) and the role it needs (None: any)."""

    path: str
    methods: frozenset[str]
    role: Role | None


def declared_routes(app: FastAPI) -> Iterator[DeclaredRoute]:
    """Yield every route of an application, whatever added it."""
    for context in iter_route_contexts(app.routes):
        dependant = getattr(context, "dependant", None)
        roles = set() if dependant is None else set(_roles(dependant))
        strictest = max(roles, key=list(Role).index, default=None)
        yield DeclaredRoute(
            context.path_format or context.path or "", frozenset(context.methods or ()), strictest
        )


class DescribedApi(FastAPI):
    """An application whose OpenAPI document says which role an operation needs, and how it is refused."""

    def openapi(self) -> dict[str, Any]:
        """Return the document."""
        if self.openapi_schema is None:
            document = super().openapi()
            schemes = document.setdefault("components", {}).setdefault("securitySchemes", {})
            schemes["token"] = {"type": "http", "scheme": "bearer"}
            schemes["session"] = {"type": "apiKey", "in": "cookie", "name": COOKIE}
            schemas = document["components"].setdefault("schemas", {})
            schemas["Refusal"] = {
                "type": "object",
                "properties": {"detail": {"type": "string"}},
                "required": ["detail"],
            }
            # what pydantic cannot see is told in words
            detail = schemas["HTTPValidationError"]["properties"]["detail"]
            detail["anyOf"] = [{"type": detail.pop("type"), "items": detail.pop("items")}, {"type": "string"}]
            roles = {
                (route.path, method): route.role
                for route in declared_routes(self)
                for method in route.methods
            }
            for path, operations in document["paths"].items():
                for method, operation in operations.items():
                    _describe(operation, roles[path, method.upper()])
        return self.openapi_schema or {}


def _describe(operation: dict[str, Any], role: Role | None) -> None:
    refusals = dict(_REFUSALS)
    if "requestBody" not in operation:
        del refusals[413]
    if role is not None:
        # a caller on this machine may do without
        operation["security"] = [{"token": []}, {"session": []}, {}]
        operation["description"] = f"{operation.get('description', '')}\n\nNeeds the role {role}.".strip()
    is_page = "text/html" in operation["responses"].get("200", {}).get("content", {})
    for status, text in refusals.items():
        answer: dict[str, Any] = {"description": text}
        if not is_page:  # pages say it as pages
            answer["content"] = {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
        operation["responses"].setdefault(str(status), answer)


def _roles(dependant: Dependant) -> Iterator[Role]:
    if isinstance(dependant.call, Needs):
        yield dependant.call.role
    for inner in dependant.dependencies:
        yield from _roles(inner)
