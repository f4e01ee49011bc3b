"""Fixing the order of candidates so that no party can choose it: commitments and reveals."""

from __future__ import annotations

from pydantic import Field

from miniapp_api.draws.activities import DrawPath
from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Output
from services.core import permissions
from services.draws import RoundView

api = Api(
    "rounds",
    "三方摇号",
    "The system commits and freezes the lists; then the agency's and the supervisor's devices each commit to 16 random "
    "bytes and reveal them. A device keeps its bytes, and `head` as a receipt that the draw's record must contain. "
    "As whom one takes part follows from the role of the session.",
)

PARTICIPANT = ("draw.commit_agency", "draw.commit_supervisor")


class CommitmentIn(Input):
    commitment: str = Field(
        pattern=r"^[0-9a-fA-F]{64}$",
        description="SHA-256 as the algorithm's page defines it, hex",
        examples=["ab" * 32],
    )


class RevealIn(Input):
    value: str = Field(pattern=r"^[0-9a-fA-F]{32}$", description="The 16 random bytes, hex", examples=["cd" * 16])


class AbortIn(Input):
    reason: str = Field(min_length=1, max_length=200, examples=["监督人手机没电"])


class CurrentRoundOut(Output):
    """`round` is null before the first one."""

    round: RoundView | None

    @classmethod
    def show(cls, view: RoundView | None) -> CurrentRoundOut:
        return cls(round=view or None)


@api.post("/draws/{draw_id}/rounds", "开始三方摇号", action="draw.start", status=201)
async def open_round(call: Call, path: DrawPath) -> RoundView:
    """Begin a round of a verified draw: the system commits, then the candidate lists are frozen."""
    return await call.services.draws.rounds.open(call.actor, path.draw_id)


@api.get("/draws/{draw_id}/rounds/current", "当前轮次", action=PARTICIPANT)
async def current(call: Call, path: DrawPath) -> CurrentRoundOut:
    """The newest round as a participant sees it."""
    view = await call.services.draws.rounds.view(call.actor, path.draw_id, _role(call))
    return CurrentRoundOut.show(view)


@api.post("/draws/{draw_id}/rounds/current/commitment", "提交我的随机数", action=PARTICIPANT)
async def commit(call: Call, path: DrawPath, body: CommitmentIn) -> RoundView:
    """Commit as a participant's device; the same commitment again is harmless, another one is refused."""
    return await call.services.draws.rounds.commit(call.actor, path.draw_id, _role(call), body.commitment)


@api.post("/draws/{draw_id}/rounds/current/reveal", "公开随机数", action=PARTICIPANT)
async def reveal(call: Call, path: DrawPath, body: RevealIn) -> RoundView:
    """Reveal the committed value, once all have committed; the last one fixes the seed."""
    return await call.services.draws.rounds.reveal(call.actor, path.draw_id, _role(call), body.value)


@api.post("/draws/{draw_id}/rounds/current/abort", "终止本轮", action="draw.start")
async def abort(call: Call, path: DrawPath, body: AbortIn) -> None:
    """Give up a round when a device doesn't respond. It stays in the record."""
    await call.services.draws.rounds.abort(call.actor, path.draw_id, body.reason)


def _role(call: Call) -> str:
    return "supervisor" if permissions.may(call.actor, "draw.commit_supervisor") else "agency"
