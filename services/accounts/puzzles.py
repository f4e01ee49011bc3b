"""Proof of work by an unknown browser, done while its user types, before an SMS code is sent.

The browser searches numbers whose SHA-256 with the puzzle's token begins with zero bits. Several small parts take a
more constant time than a big one. The token is bound to the requesting network and is valid for one code.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta

from domain.errors import Forbidden, InvalidInput
from domain.ids import new_id
from services.accounts.single_use import spend
from services.accounts.sources import network_of
from services.core.base import Deps
from services.core.signed_links import Links

PARTS = 8
PUZZLE_TTL = timedelta(minutes=30)
_PROOF = re.compile(rf"([\w-]{{40,80}})\.(\d{{1,12}}(?:-\d{{1,12}}){{{PARTS - 1}}})", re.ASCII)


@dataclass(frozen=True)
class Puzzle:
    """For each part ``i`` below ``parts``: a decimal ``n``, so that SHA-256 of ``seed:i:n`` begins with ``bits`` zeros.

    ``seed`` is the first 32 hex digits of the SHA-256 of the token.
    """

    token: str
    bits: int
    parts: int = PARTS


@dataclass(frozen=True)
class Puzzles:
    deps: Deps
    links: Links

    def issue(self, address: str) -> Puzzle:
        puzzle_id = new_id()
        token = self.links.sign(_purpose(address), puzzle_id, puzzle_id, self.deps.now() + PUZZLE_TTL)
        return Puzzle(token, self.deps.puzzle_bits)

    async def redeem(self, address: str, proof: str) -> None:
        """Use up a solution in the caller's transaction: an action refused afterwards costs no new one.

        ``proof`` is the token, a dot, and the numbers joined by ``-``. Raises InvalidInput.
        """
        solution = _PROOF.fullmatch(proof)
        if solution is None:
            raise _unsolved_puzzle()
        token, numbers = solution[1], solution[2].split("-")
        try:
            link = self.links.check(token, _purpose(address))
        except Forbidden as error:
            raise _unsolved_puzzle() from error
        seed, bits = _seed(token), self.deps.puzzle_bits
        if not all(_solves(seed, part, number, bits) for part, number in enumerate(numbers)):
            raise _unsolved_puzzle()
        if not await spend(token, link.expires):
            raise _unsolved_puzzle()


def _seed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:32]


def _solves(seed: str, part: int, number: str, bits: int) -> bool:
    digest = hashlib.sha256(f"{seed}:{part}:{number}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> (64 - bits) == 0


def _purpose(address: str) -> str:
    return f"puzzle:{network_of(address)}"


def _unsolved_puzzle() -> InvalidInput:
    return InvalidInput(
        "还没有通过安全检查，请稍等两三秒后再点一次。一直不行请在微信里打开本页，或在公众号里办理。",
        code="puzzle_needed",
        field="proof",
    )
