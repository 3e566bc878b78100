"""What every resource of the admin API has: its paths, the token that it asks for, and the problems that it answers."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends

from stellwerk.admin import problems
from stellwerk.admin.access import BEARER

PREFIX = "/admin/v1"
_CODES = (400, 401, 403, 404, 405, 409, 412, 413, 422, 428, 500, 503)


def resource(path: str, *, tag: str, prefix: str = PREFIX) -> APIRouter:
    """A resource to be filled. Its routes are whole: nothing has to be added where they are served."""
    return APIRouter(
        prefix=f"{prefix}{path}",
        tags=[tag],
        dependencies=[Depends(BEARER)],
        responses={code: _documented(code) for code in _CODES},
    )


def _documented(code: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/ProblemBody"}
    return {"description": problems.TITLES[code], "content": {problems.MEDIA_TYPE: {"schema": schema}}}
