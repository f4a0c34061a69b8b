"""Users take turns: those who hold them for long do not keep others from theirs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from engineroom.control.queues.turns import Past, Turns, next_account
from engineroom.sandbox import Account
from tests.runtime.asynchronous import asynchronous

ADA, BOB, CLEO, DAN, EVE = (Account(number, number) for number in range(1, 6))
COLLUDING = (ADA, BOB, CLEO, DAN)


@pytest.mark.parametrize(
    ("waiting", "holding", "past", "free", "expected"),
    [
        ((ADA, BOB), set(), {}, 1, ADA),
        ((ADA, BOB), set(), {ADA: Past(1)}, 1, BOB),
        ((ADA, BOB), set(), {ADA: Past(1), BOB: Past(2)}, 1, ADA),
        ((ADA, BOB), {ADA}, {BOB: Past(2)}, 1, BOB),
        ((ADA,), {ADA}, {}, 3, None),
        ((ADA, BOB), {CLEO}, {ADA: Past(1, long=True), BOB: Past(2)}, 1, BOB),
        ((ADA,), {CLEO}, {ADA: Past(1, long=True)}, 1, None),
        ((ADA, BOB), {CLEO}, {ADA: Past(1, long=True), BOB: Past(2)}, 2, ADA),
        ((ADA,), {BOB, CLEO}, {}, 0, None),
        ((), set(), {}, 4, None),
    ],
    ids=[
        "first come",
        "who had none before who had one",
        "whose last is longest ago",
        "nobody has two",
        "nobody has two though many are free",
        "the last one is for who was short",
        "and for nobody else",
        "others are for everybody",
        "none is free",
        "nobody waits",
    ],
)
def test_next_is_whose_last_turn_is_longest_ago(
    waiting: tuple[Account, ...],
    holding: set[Account],
    past: dict[Account, Past],
    free: int,
    expected: Account | None,
) -> None:
    assert next_account(waiting, holding, past, free) == expected


class Hanging:
    """Users who ask again and again, and hold each turn until they are told to end it."""

    def __init__(self, turns: Turns, accounts: tuple[Account, ...]) -> None:
        self.turns = turns
        self.accounts = accounts
        self.had: list[Account] = []
        self.over = asyncio.Event()

    async def _hang(self, account: Account) -> None:
        while True:
            async with self.turns.taken(account):
                self.had.append(account)
                await self.over.wait()

    @asynccontextmanager
    async def hang(self) -> AsyncIterator["Hanging"]:
        # Each has several applications.
        tasks = [asyncio.create_task(self._hang(account)) for account in self.accounts * 3]
        try:
            await settled()
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def time_out(self) -> None:
        """Have their turns end, and go on hanging with the next ones."""
        self.over.set()
        self.over = asyncio.Event()
        await settled()


async def settled() -> None:
    """Let everybody go on who can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def had_one(turns: Turns, account: Account) -> None:
    async with turns.taken(account):
        pass


@asynchronous
async def test_four_who_always_hang_keep_nobody_else_waiting_once_that_is_known() -> None:
    turns = Turns(4, long_seconds=0.0)
    async with Hanging(turns, COLLUDING).hang() as hanging:
        assert hanging.had == list(COLLUDING)
        waiting = asyncio.create_task(had_one(turns, EVE))
        await settled()
        assert not waiting.done(), "nobody knew yet"
        await hanging.time_out()
        assert waiting.done(), "those who hung come after her"


@asynchronous
async def test_one_turn_is_left_for_those_who_do_not_hang() -> None:
    turns = Turns(4, long_seconds=0.0)
    async with Hanging(turns, COLLUDING).hang() as hanging:
        await hanging.time_out()
        assert len(hanging.had) == 7, "the fourth one is for others"
        async with asyncio.timeout(60):
            await had_one(turns, EVE)


@asynchronous
async def test_who_hangs_is_asked_again_all_the_same() -> None:
    turns = Turns(4, long_seconds=0.0)
    async with Hanging(turns, COLLUDING).hang() as hanging:
        for _ in range(4):
            await hanging.time_out()
        assert {hanging.had.count(account) for account in COLLUDING} == {4}


@asynchronous
async def test_who_goes_away_while_he_waits_or_has_a_turn_leaves_it_to_the_next() -> None:
    turns = Turns(1, long_seconds=3600.0)
    async with Hanging(turns, (ADA,)).hang():
        waiting = [asyncio.create_task(had_one(turns, account)) for account in (BOB, CLEO)]
        await settled()
        waiting[0].cancel()
        with suppress(asyncio.CancelledError):
            await waiting[0]
        assert not waiting[1].done()
    await waiting[1]
