"""Routes below ``/api``: one module a resource, each with `routes(web) -> APIRouter`.

Belongs here: parameters in, a reader of the rooms below, a typed model out. Not here: SQL of a domain
(its readers have it) and pages (`web.pages`).
"""
