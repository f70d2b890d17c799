"""What a route is here: an operation of the document, who may do it, and what does it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import QueryParams

from tests.fakes.elevenlabs.state import Workspace


@dataclass(frozen=True, slots=True)
class Ask:
    """One request that passed the checks. `body` is `{}` when there was none."""

    params: Mapping[str, str]
    query: QueryParams
    body: Any


Act = Callable[[Workspace, Ask], Any]
"""Does it, and says the JSON of the answer; `None` is an empty 204. May raise `Refusal`."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One line of the route table. The path is written as in the document."""

    method: str
    path: str
    permission: str
    act: Act

    @property
    def is_partial(self) -> bool:
        """Whether its body changes a part of something deep."""
        return self.method == "PATCH" and self.path == "/v1/convai/agents/{agent_id}"
