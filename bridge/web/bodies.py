"""The JSON body of an operator's request, read into its model."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from bridge.errors import BadRequest

PARAM_CHARS = 64
"""Longest name of a field that is repeated in an answer: ours are shorter."""

Model = TypeVar("Model", bound=BaseModel)


def parse_body(body: bytes, model: type[Model]) -> Model:
    """The body as that model.

    Raises:
        BadRequest: it is no JSON object, or a field is wrong (status 422). Values are never
            repeated.
    """
    try:
        told = from_json(body, allow_inf_nan=False)
    except ValueError:
        raise BadRequest("The body is not JSON.") from None
    if not isinstance(told, dict):
        raise BadRequest("The body must be a JSON object.")
    try:
        return model.model_validate(told)
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_input=False, include_context=False)[0]
        param = ".".join(map(str, first["loc"]))[:PARAM_CHARS] or None
        what = f"{param!r} can't be used: " if param else "It can't be used: "
        raise BadRequest(f"{what}{first['msg']}.", param=param, status=422) from None
