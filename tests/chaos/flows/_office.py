"""The functions that the flows call out to, and those that they subscribe."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import _diary

from twiml import FunctionExt, Say

if TYPE_CHECKING:
    from actors import Call, Webhook


def over(webhook: Webhook, call: Call) -> None:
    _diary.tell(webhook, call, "completion", "over")


async def over_too(webhook: Webhook, call: Call) -> None:
    _diary.tell(webhook, call, "completion", "over_too")


def recorded(webhook: Webhook, call: Call) -> None:
    _diary.tell(webhook, call, "recording", "recorded")


def transcribed(webhook: Webhook, call: Call) -> None:
    _diary.tell(webhook, call, "transcription", "transcribed")


def status(webhook: Webhook, call: Call) -> None:
    _diary.tell(webhook, call, "status", "status")


def dialled(webhook: Webhook, call: Call) -> None:
    _diary.tell(webhook, call, "dial", "dialled")


SUBSCRIPTIONS = [
    ("completion", over),
    ("completion", over_too),
    ("recording", recorded),
    ("transcription", transcribed),
    ("status", status),
    ("dial", dialled),
]


def subscribe(call: Call) -> Any:
    """The first callout of a call: whatever happens from now on is to be told."""
    word = _diary.begin(call, "subscribe")
    return [_diary.end(call, "subscribe", word)], SUBSCRIPTIONS


def quick(call: Call) -> Any:
    word = _diary.begin(call, "quick")
    return [_diary.end(call, "quick", word)]


def slow(call: Call) -> Any:
    """It takes longer than a caller waits."""
    word = _diary.begin(call, "slow")
    time.sleep(0.7)
    return [_diary.end(call, "slow", word)]


async def slow_coroutine(call: Call) -> Any:
    word = _diary.begin(call, "slow_coroutine")
    await asyncio.sleep(1.0)
    return [_diary.end(call, "slow_coroutine", word)]


def nested(call: Call) -> Any:
    """It wants another to be called."""
    word = _diary.begin(call, "nested")
    return [_diary.end(call, "nested", word), FunctionExt("the inner one", fn=quick), Say("and that was it")]


def failing(call: Call) -> Any:
    _diary.begin(call, "failing")
    raise RuntimeError("there is nobody at the other end")


async def failing_late(call: Call) -> Any:
    _diary.begin(call, "failing_late")
    await asyncio.sleep(0.5)
    raise RuntimeError("there was nobody at the other end")


def nonsense(call: Call) -> Any:
    _diary.begin(call, "nonsense")
    return [Say("hallo", language="klingon")]


async def endless(call: Call) -> Any:
    """It takes longer than a callout may."""
    _diary.begin(call, "endless")
    await asyncio.sleep(30.0)
