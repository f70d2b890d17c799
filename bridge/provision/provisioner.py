"""One run of provisioning: looks, plans, does, and looks again.

look ─▶ settle ─▶ plan ─▶ (a person says yes) ─▶ apply ─▶ look again: what is left was not kept
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from bridge.provision import apply, found, undo
from bridge.provision.apply import Hands
from bridge.provision.found import Found
from bridge.provision.memory import Memory
from bridge.provision.plan import Plan, Step, moved, plan
from bridge.provision.settle import release, settle
from bridge.provision.wish import Wish


@dataclass(slots=True)
class Provisioner:
    """The parts of a run. Nothing is changed but by `apply` and `take_back`.

    Every method raises `VendorError` when somebody outside fails, and `SettingsError` when what is
    set can't be had.
    """

    wish: Wish
    memory: Memory
    hands: Hands

    async def look(self) -> Found:
        """What is there."""
        there = await found.look(self.hands.platform, self.wish, self.memory)
        settle(self.wish, there, self.memory)
        return there

    async def _look_back(self) -> Found:
        """What is there to be taken back."""
        there = await found.look(self.hands.platform, self.wish, self.memory, is_back=True)
        settle(self.wish, there, self.memory)
        release(self.memory, there)
        return there

    async def plan(self) -> tuple[Plan, Found]:
        """The steps to what is wished, and what they were made from."""
        there = await self.look()
        there = await found.look_at_carrier(self.hands.carrier, self.wish, there)
        return self.steps(there), there

    def steps(self, there: Found) -> Plan:
        """The steps from there, without asking the carrier anything."""
        return plan(self.wish, there, self.memory, self.hands.secret)

    def apply(self, steps: Plan, there: Found) -> AsyncIterator[Step]:
        """Does the steps; each is handed on when it is done."""
        return apply.apply(steps, self.wish, there, self.memory, self.hands)

    async def follow(self) -> tuple[Step, ...]:
        """Has the platform ask at the wished address, and changes nothing else; the steps done."""
        there = await self.look()
        was_open = self.memory.is_open
        done = tuple([step async for step in self.apply(moved(self.steps(there)), there)])
        if was_open:  # the apply that did not come to its end is still to be gone on with
            self.memory.is_open = True
            self.memory.save()
        return done

    async def not_kept(self) -> tuple[Step, ...]:
        """What the platform did not keep of what was applied: the steps that would come next."""
        return self.steps(await self.look()).steps

    async def plan_undo(self) -> Plan:
        """The steps that take back the last apply."""
        return undo.undo_plan(self.memory, await self._look_back())

    async def plan_destroy(self) -> Plan:
        """The steps that take back everything."""
        return undo.destroy_plan(self.memory, await self._look_back())

    def take_back(self, steps: Plan, *, everything: bool) -> AsyncIterator[Step]:
        """Does the steps of either; each is handed on when it is done."""
        return apply.take_back(steps, self.memory, self.hands, everything=everything)
