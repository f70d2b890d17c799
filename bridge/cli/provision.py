"""`bridge provision`: makes ElevenLabs match the settings; plan, ask, apply, read back."""

import re
import signal
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from bridge.cli import output
from bridge.cli.output import ExitCode

if TYPE_CHECKING:
    from bridge.errors import VendorError
    from bridge.provision.plan import Plan, Step
    from bridge.provision.provisioner import Provisioner
    from bridge.provision.self_test import Proof
    from bridge.provision.wish import Wish
    from bridge.settings import Settings

AGENT_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
"""How the platform's ids look. Anything else would be another address of its API."""

NOT_THERE = 404


@click.command("provision")
@click.option("--dry-run", is_flag=True, help="Show the steps, and change nothing.")
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
@click.option("--agent", metavar="ID", help="Use this agent, made by hand; keep what is its own.")
@click.option("--undo", is_flag=True, help="Take back the last apply.")
@click.option("--destroy", is_flag=True, help="Take back everything that was ever made.")
@click.option("--skip-self-test", is_flag=True, help="Leave out the test turn at the end.")
@output.json_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    dry_run: bool,
    yes: bool,
    agent: str | None,
    undo: bool,
    destroy: bool,
    skip_self_test: bool,
    as_json: bool,
) -> None:
    """Make ElevenLabs match the settings: plan, ask, apply, read back.

    Secrets, agent, number and webhooks: what is missing is made, what differs is changed, and
    nothing else is touched. The steps are shown first. Run it as often as you like; when nothing
    is to do, nothing is written.

    At the end everything is read back, and one test turn goes through the public address. Exit
    code 8 when a field was not kept, or the test turn failed.
    """
    import asyncio

    if undo and destroy:
        raise click.UsageError("Choose one of --undo and --destroy.")
    if (undo or destroy) and agent is not None:
        raise click.UsageError("--agent goes with applying alone.")
    if agent is not None and not AGENT_ID.fullmatch(agent):
        raise click.BadParameter(f"{agent!r} is no agent's id.", param_hint="--agent")
    may_ask = sys.stdin.isatty() and not as_json
    if not (dry_run or yes or may_ask):
        raise click.UsageError("This changes things at ElevenLabs: say --yes, or --dry-run first.")
    run = _Run(dry_run=dry_run, yes=yes, as_json=as_json, skip_self_test=skip_self_test)
    back = "destroy" if destroy else "undo" if undo else ""
    try:
        ctx.exit(asyncio.run(run.back(back) if back else run.forth(agent)))
    except KeyboardInterrupt:
        output.say("Broken off. What was done stays; the next run goes on from there.")
        raise


class _Run:
    """One run of the command: what it shows, asks, does and answers."""

    def __init__(self, *, dry_run: bool, yes: bool, as_json: bool, skip_self_test: bool) -> None:
        self._dry_run = dry_run
        self._yes = yes
        self._as_json = as_json
        self._skip_self_test = skip_self_test

    async def forth(self, adopt: str | None) -> int:
        """Plans and applies; the exit code."""
        from bridge import provisioning
        from bridge.cli.address import public_url
        from bridge.errors import VendorError

        settings = _settings()
        wish = provisioning.wish_of(settings, public_url(settings), adopt)
        async with provisioning.open_provisioner(settings, wish) as run:
            try:
                plan, there = await run.plan()
            except VendorError as error:
                raise _no_such_agent(error, adopt) from None
            if not self._goes_on(plan, "Nothing is to do."):
                return self._ends(plan, applied=False)
            await self._do(run.apply(plan, there), len(plan.steps))
            left = await run.not_kept() if plan.steps else ()
        proof = None if self._skip_self_test else await _self_test(wish)
        return self._ends(plan, applied=True, left=left, proof=proof)

    async def back(self, how: str) -> int:
        """Takes back; the exit code."""
        from bridge import provisioning
        from bridge.cli.address import known_url

        settings = _settings()
        wish = provisioning.wish_of(settings, known_url(settings))
        everything = how == "destroy"
        async with provisioning.open_provisioner(settings, wish) as run:
            plan = await (run.plan_destroy() if everything else run.plan_undo())
            if not self._goes_on(plan):
                return self._ends(plan, applied=False)
            await self._do(run.take_back(plan, everything=everything), len(plan.steps))
            left = await _not_taken_back(run, plan)
        return self._ends(plan, applied=True, left=left)

    def _goes_on(self, plan: "Plan", nothing: str = "") -> bool:
        """Shows the plan; whether it is to be done. `nothing`: is said of a plan without steps."""
        from bridge.cli import steps

        if not self._as_json:
            steps.show(plan)
            if nothing and not plan.steps:
                output.say(nothing)
            if self._dry_run and plan.steps:
                output.say("Nothing was changed: this was a dry run.")
        if self._dry_run:
            return False
        if not plan.steps or self._yes:
            return True
        count = "this step" if len(plan.steps) == 1 else f"these {len(plan.steps)} steps"
        with _keys():
            if click.confirm(f"\nDo {count}?", default=False, err=True):
                return True
        output.say("Nothing was changed.")
        return False

    async def _do(self, done: AsyncIterator["Step"], count: int) -> None:
        number = 0
        async for step in done:
            number += 1
            if not self._as_json:
                output.say(f"{number}/{count} {step.act} {step.thing} {step.name}: done")

    def _ends(
        self,
        plan: "Plan",
        *,
        applied: bool,
        left: "tuple[Step, ...]" = (),
        proof: "Proof | None" = None,
    ) -> int:
        from bridge.cli import steps

        lost = steps.paths(left)
        is_sound = not lost and (proof is None or not proof.fault)
        if self._as_json:
            result: dict[str, Any] = {**steps.as_json(plan), "applied": applied}
            tested = proof.as_json() if proof is not None else None
            output.show_json({**result, "not_kept": lost, "self_test": tested})
        else:
            for row in lost:
                output.say(f"Not kept: {steps.line(row)}")
            if lost:
                output.say("  ElevenLabs took this and has it otherwise: see it in the dashboard.")
            _say_proof(proof)
        return ExitCode.DONE if is_sound else ExitCode.CHECK_FAILED


@contextmanager
def _keys() -> Iterator[None]:
    """Lets Ctrl-C break off a question. A loop would wait for the answer, and cancel only then."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _no_such_agent(error: "VendorError", adopt: str | None) -> "VendorError":
    """The error, with the cure that fits when it is the agent asked for that isn't there."""
    if adopt is not None and error.operation == "read agent" and error.status == NOT_THERE:
        error.hint = (
            f"There is no agent {adopt} in the workspace of this key: copy its id from the "
            "dashboard."
        )
    return error


def _settings() -> "Settings":
    from bridge.settings import ensure_tokens, load
    from bridge.settings.tokens import refuse_short

    settings = ensure_tokens(load(), for_bind=False)
    refuse_short(settings)
    return settings


async def _self_test(wish: "Wish") -> "Proof":
    """One turn, where a bridge answers: elsewhere nobody gets the platform token from us."""
    import secrets

    from bridge.phrases import load_phrases
    from bridge.provision.self_test import Proof, prove
    from bridge.reach import outside
    from bridge.reach.keeper import NONCE_BYTES

    answer = await outside.ask(wish.public_url, secrets.token_urlsafe(NONCE_BYTES))
    if isinstance(answer, outside.Trouble):
        return Proof(answer.message, answer.cure)
    return await prove(wish, load_phrases())


async def _not_taken_back(run: "Provisioner", plan: "Plan") -> "tuple[Step, ...]":
    """Steps whose effect can't be seen: fields of the agent that did not go back."""
    from dataclasses import replace

    from bridge.provision import undo
    from bridge.provision.plan import Act, Thing

    for step in plan.steps:
        if step.act is Act.RESTORE and step.thing is Thing.AGENT:
            there = await run.hands.platform.agent(step.id)
            left = undo.leftovers(step.changes, there)
            return (replace(step, changes=left),) if left else ()
    return ()


def _say_proof(proof: "Proof | None") -> None:
    if proof is None:
        return
    if proof.fault:
        output.say(f"Everything is applied, but the test turn failed: {proof.fault}")
        output.say(f"  {proof.cure}")
    else:
        took = f"{proof.first_words_s:.2f} s" if proof.first_words_s is not None else "no time"
        output.say(f"The test turn went well: first words after {took}.")
