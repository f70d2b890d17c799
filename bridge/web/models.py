"""`GET /v1/models`: what can be asked for, in OpenAI's shape.

Dashboards and clients probe it before the first turn.

Source: platform.openai.com/docs/api-reference/models (2026-11).
"""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridge.web.faults import model_not_found

OWNER = "bridge"

UNDATED = 0
"""`created` of a model whose age nobody knows; clients want a number."""


def routes(model_ids: Sequence[str], *, created: int = UNDATED) -> list[Route]:
    """The two routes.

    Args:
        model_ids: what can be asked for, the default first. Ids may hold slashes.
        created: seconds since 1970 that every model shows.
    """
    models = {model_id: _render(model_id, created) for model_id in model_ids}

    async def every(_request: Request) -> Response:
        return JSONResponse({"object": "list", "data": list(models.values())})

    async def one(request: Request) -> Response:
        model_id = str(request.path_params["model_id"])
        if model_id not in models:
            return model_not_found(model_id)
        return JSONResponse(models[model_id])

    return [Route("/v1/models", every), Route("/v1/models/{model_id:path}", one)]


def _render(model_id: str, created: int) -> dict[str, Any]:
    return {"id": model_id, "object": "model", "created": created, "owned_by": OWNER}
