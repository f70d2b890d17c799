"""`bridge status`: what is provisioned, and what has drifted."""

from typing import TYPE_CHECKING, Any

import click

from bridge.cli import output
from bridge.cli.output import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.provision.found import Found
    from bridge.provision.memory import Memory
    from bridge.provision.plan import Plan
    from bridge.provision.wish import Wish


@click.command("status")
@output.json_option
@click.pass_context
def command(ctx: click.Context, *, as_json: bool) -> None:
    """Show what is provisioned, and what has drifted.

    Compares what is at ElevenLabs with the settings, field by field, and changes nothing. Exit
    code 8 when something is missing or differs; `bridge provision` mends it.
    """
    import asyncio

    ctx.exit(asyncio.run(_status(as_json=as_json)))


async def _status(*, as_json: bool) -> int:
    from bridge import provisioning
    from bridge.cli import steps
    from bridge.cli.address import known_url
    from bridge.settings import ensure_tokens, load

    settings = ensure_tokens(load(), for_bind=False)
    url = known_url(settings)
    wish = provisioning.wish_of(settings, url)
    async with provisioning.open_provisioner(settings, wish) as run:
        there = await run.look()
        plan = run.steps(there)
    rows = _rows(wish, there, run.memory, plan)
    drift = steps.paths(plan.steps)
    if as_json:
        output.show_json({"public_url": url, "objects": rows, "drift": drift})
    else:
        output.show_table(
            ["object", "called", "id", "state"],
            [[row["object"], row["name"], row["id"] or "", row["state"]] for row in rows],
        )
        for row in drift:
            if row["found"] != "missing":
                click.echo(steps.line(row))
        for note in plan.notes:
            output.say(note)
        if drift:
            output.say("`bridge provision` makes it right.")
    return ExitCode.CHECK_FAILED if drift else ExitCode.DONE


def _rows(wish: "Wish", there: "Found", known: "Memory", plan: "Plan") -> list[dict[str, Any]]:
    """One row an object: `object`, `name`, `id` (or `None`), `state`."""
    from bridge.core.phone import mask

    differing = {step.role for step in plan.steps}
    found = [
        ("secret", role, *_one(role, called, there.secrets, known))
        for role, called in (
            ("token", wish.token_name),
            ("webhook_token", wish.webhook_token_name),
        )
    ]
    webhooks = {id_: str(webhook.get("name")) for id_, webhook in there.webhooks.items()}
    found.append(("webhook", "post_call", *_one("post_call", wish.post_call_name, webhooks, known)))
    agent = there.agent or {}
    found.append(("agent", "agent", str(agent.get("name") or wish.name), agent.get("agent_id")))
    if wish.number is not None:
        number = there.number or {}
        found.append(("number", "number", mask(wish.number), number.get("phone_number_id")))
    return [
        {
            "object": thing,
            "name": name,
            "id": id_,
            "state": "missing" if not id_ else "differs" if role in differing else "as wanted",
        }
        for thing, role, name, id_ in found
    ]


def _one(
    role: str, called: str, names: "Mapping[str, str]", known: "Memory"
) -> tuple[str, str | None]:
    """Name and id of the object of that role: the one we know of, or one that is called so."""
    by_name = next((id_ for id_, name in names.items() if name == called), None)
    id_ = known.ids.get(role, by_name)
    return names.get(id_ or "", called), id_
