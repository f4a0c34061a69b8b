"""Lines as workers write them: 200 bytes each, with a time, a level, a class, an id and figures."""

import random
import uuid
from collections.abc import Iterator

LINE_BYTES = 200
"""With the newline."""

DISTINCT = 200_000
"""So many different lines are made; they come again and again. A block has about 2,600, so that none sees two alike."""

RARE = b"zyzzyva"
"""A word that is in one line of all."""

_NOUNS = "payment order invoice mail report export import user account webhook image video sync notice cache".split()
_VERBS = "Processing Processed Failed Sending Sent Fetching Rendering Queued Released Retrying".split()
_LEVELS = ["INFO"] * 8 + ["WARNING", "ERROR"]


def distinct() -> list[bytes]:
    """Return the different lines, without their newlines; always the same."""
    chance = random.Random(1)
    return [_line(chance, number) for number in range(DISTINCT)]


def batches(lines: list[bytes], total: int, size: int) -> Iterator[list[bytes]]:
    """Yield `total` lines in batches of `size`; the rare word is in the one in the middle."""
    rare = total // 2 // size
    for number in range(total // size):
        start = number * size % len(lines)
        batch = lines[start : start + size]
        if number == rare:
            batch[0] = (b"A line with " + RARE + b" in it").ljust(LINE_BYTES - 1, b".")
        yield batch


def _line(chance: random.Random, number: int) -> bytes:
    noun = chance.choice(_NOUNS)
    id = uuid.UUID(int=chance.getrandbits(128))
    text = (
        f"[2026-05-01 {number // 3600000 % 24:02d}:{number // 60000 % 60:02d}:{number // 1000 % 60:02d}] "
        f"production.{chance.choice(_LEVELS)}: {chance.choice(_VERBS)} App\\Jobs\\{noun.title()}Job "
        f'{{"id":"{id}","attempt":{chance.randint(1, 3)},"duration_ms":{chance.random() * 500:.2f},'
        f'"customer":{chance.randint(1, 10**6)}}}'
    )
    return text.encode().ljust(LINE_BYTES - 1, b".")[: LINE_BYTES - 1]
