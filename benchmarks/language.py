"""The language beside Twilio's own SDK: the same documents made by both, and what a long flow takes.

    python benchmarks/language.py [--quick] [--rounds 21]

The SDK makes a document as its users do: a `VoiceResponse`, a method for each verb, `str` of it. We make it
in three ways: from a compiled program, as a webhook is answered; from verbs that are there already, which is
`encode`; and from nothing, as a callout's answer is made. The documents are equal in their canonical form (c14n),
or nothing is measured. A program remembers each document that meets no callout, whoever's call asked for it first,
and that is what a step of a machine finds here: the first call of all, and a document with a callout, take longer.

All take turns in every round, each for some milliseconds of processor time, with the garbage collector off and
its work done beforehand. A ratio is one of two times in the same round; the table has the median of all rounds,
and between which two ratios the middle half of them lie. What matters are the ratios. `decode` has a parser's time
beside it for scale: lxml makes a tree of the SDK's document, `decode` makes verbs of it, with every attribute judged.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from lxml import etree
from twilio.twiml import voice_response as sdk  # type: ignore[import-untyped]  # the SDK has no types

import twiml
from twiml import (
    Client,
    DefaultExt,
    Dial,
    Document,
    Gather,
    Hangup,
    LabelExt,
    Machine,
    Number,
    Pause,
    Play,
    Request,
    ResponseExt,
    Say,
)
from twiml.checks import check

BASE = "/menu"
CALLBACK = "https://example.com/callbacks/progress?of=dial&try=1"
SOUND = "https://example.com/sounds/waiting.mp3"
EVENTS = "initiated ringing answered completed"
TEAMS = ["sales", "support", "billing", "opening hours", "the operator"]
MENU = " ".join(f"Press {key} for {team.upper()}." for key, team in enumerate(TEAMS, 1)) + " Do nothing for A MESSAGE"
LONG = 50
PARTS = 334
"""Parts of the long flow, fifteen states each."""


@dataclass(frozen=True)
class Case:
    """One document: how the SDK makes it, the verbs it is made of, and the flow that it is a step of."""

    name: str
    by_sdk: Callable[[], str]
    verbs: Callable[[], list[Any]]
    flow: Callable[[], list[Any]]


@dataclass(frozen=True)
class Row:
    """What is measured, and what it is compared with."""

    name: str
    work: Callable[[], object]
    beside: str | None = None


def say_by_sdk() -> str:
    response = sdk.VoiceResponse()
    response.say("Thank you for calling. Goodbye.", voice="Polly.Amy", language="en-GB")
    response.hangup()
    return str(response)


def say() -> list[Any]:
    return [Say("Thank you for calling. Goodbye.", voice="Polly.Amy", language="en-GB"), Hangup()]


def menu_by_sdk() -> str:
    response = sdk.VoiceResponse()
    gather = sdk.Gather(num_digits=1, timeout=7, action=f"{BASE}/1?step=1")
    gather.say("Welcome to Smith & Sons", language="en-GB")
    gather.say(MENU)
    response.append(gather)
    response.say("Please call again", language="en-GB")
    response.hangup()
    return str(response)


def menu() -> list[Any]:
    body = [Say("Welcome to Smith & Sons", language="en-GB"), Say(MENU)]
    gather = Gather(body, num_digits=1, timeout=7, action=f"{BASE}/1?step=1")
    return [gather, Say("Please call again", language="en-GB"), Hangup()]


def menu_flow() -> list[Any]:
    """The menu with its five responses, of which the caller hears the first document."""
    answers = [ResponseExt(str(key), team, [Say(f"You chose {team}")]) for key, team in enumerate(TEAMS, 1)]
    silence = DefaultExt("a message", [Say("Please call again", language="en-GB")])
    welcome = [Say("Welcome to Smith & Sons", language="en-GB")]
    return [Gather(welcome, num_digits=1, timeout=7, auto_menu_ext=True, after_ext=[*answers, silence])]


def dial_by_sdk() -> str:
    response = sdk.VoiceResponse()
    dial = sdk.Dial(
        timeout=20,
        record="record-from-answer",
        caller_id="+441314960000",
        action=CALLBACK,
        recording_status_callback=CALLBACK,
    )
    dial.number("+441314960123", url=CALLBACK, status_callback=CALLBACK, status_callback_event=EVENTS)
    dial.number("+441314960124", send_digits="ww1", status_callback=CALLBACK, status_callback_event=EVENTS)
    dial.client("tommy", status_callback=CALLBACK, status_callback_event=EVENTS)
    response.append(dial)
    return str(response)


def dial() -> list[Any]:
    nouns = [
        Number("+441314960123", url=CALLBACK, status_callback=CALLBACK, status_callback_event=EVENTS),
        Number("+441314960124", send_digits="ww1", status_callback=CALLBACK, status_callback_event=EVENTS),
        Client("tommy", status_callback=CALLBACK, status_callback_event=EVENTS),
    ]
    return [
        Dial(
            nouns,
            timeout=20,
            record="record-from-answer",
            caller_id="+441314960000",
            action=CALLBACK,
            recording_status_callback=CALLBACK,
        )
    ]


def long_by_sdk() -> str:
    response = sdk.VoiceResponse()
    for number in range(LONG // 2 - 1):
        response.say(f"You are number {number} in the queue", language="en-GB")
        response.play(SOUND, loop=2)
    response.pause(length=3)
    response.hangup()
    return str(response)


def long() -> list[Any]:
    said: list[Any] = []
    for number in range(LONG // 2 - 1):
        said += [Say(f"You are number {number} in the queue", language="en-GB"), Play(SOUND, loop=2)]
    return [*said, Pause(length=3), Hangup()]


CASES = [
    Case("a Say", say_by_sdk, say, say),
    Case("a menu of five", menu_by_sdk, menu, menu_flow),
    Case("a Dial, three nouns", dial_by_sdk, dial, dial),
    Case(f"{LONG} verbs", long_by_sdk, long, long),
]


def whole_flow() -> list[Any]:
    """A flow of 5,000 states: words, menus, sounds and dials, one part after the other."""
    flow: list[Any] = []
    for part in range(PARTS):
        answers = [
            ResponseExt("1", "one", [Say("One"), Play(SOUND, loop=2)]),
            ResponseExt("2", "two", [Dial([Number("+441314960123"), Client("tommy")], timeout=20)]),
            DefaultExt("nothing", [Pause(length=2)]),
        ]
        gather = Gather([Say("Welcome")], num_digits=1, auto_menu_ext=True, after_ext=answers)
        flow += [LabelExt(f"part{part}"), Say(f"This is part {part} & more", language="en-GB"), gather]
    return flow


def canonical(document: str) -> bytes:
    """A document as XML's canonical form has it: attributes in order, no difference that means nothing."""
    return etree.tostring(etree.fromstring(document.encode()), method="c14n")


def rows(case: Case) -> Iterator[Row]:
    """What is measured of a document, after all ways were seen to make the same."""
    document, verbs, flow = case.by_sdk(), case.verbs(), case.flow()
    program = twiml.compile(flow)
    busy = Machine(program, BASE, max_visits=10**9)

    def first_step() -> str:
        made = Machine(program, BASE).step(Request())
        assert isinstance(made, Document)
        return made.xml

    for ours in (first_step(), twiml.encode(verbs)):
        assert canonical(ours) == canonical(document), f"{case.name}: {ours} is not {document}"
    assert twiml.decode(document) == verbs, case.name

    yield Row("SDK: built and written", case.by_sdk)
    yield Row("a new machine's first step", first_step, "SDK: built and written")
    yield Row("another step of it", partial(busy.step, Request(rank=program[0].rank)), "SDK: built and written")
    yield Row("encode, verbs built before", partial(twiml.encode, verbs), "SDK: built and written")
    yield Row("verbs built, and encode", lambda: twiml.encode(case.verbs()), "SDK: built and written")
    yield Row("compile, once a recipe", partial(twiml.compile, flow), "SDK: built and written")
    yield Row("lxml: the document parsed", partial(etree.fromstring, document.encode()))
    yield Row("decode", partial(twiml.decode, document), "lxml: the document parsed")


def seconds(work: Callable[[], object], times: int) -> float:
    """Processor time that doing it so often takes."""
    began = time.process_time()
    for _ in range(times):
        work()
    return time.process_time() - began


def measured(measuring: list[Row], rounds: int, milliseconds: float) -> Mapping[str, list[float]]:
    """Microseconds that each took, round by round; who begins a round changes."""
    times = {row.name: 1 for row in measuring}
    for row in measuring:
        while (took := seconds(row.work, times[row.name])) < milliseconds / 2000:
            times[row.name] = max(times[row.name] * 2, int(times[row.name] * milliseconds / 1000 / max(took, 1e-5)))
    found: dict[str, list[float]] = {row.name: [] for row in measuring}
    for turn in range(rounds):
        first = turn % len(measuring)
        for row in measuring[first:] + measuring[:first]:
            gc.collect()
            found[row.name].append(seconds(row.work, times[row.name]) / times[row.name] * 1e6)
    return found


def table(rounds: int, milliseconds: float) -> None:
    """Print what each document takes, and how many times as fast it is as what it stands beside."""
    print(f"{'':20}  {'':27}  {'cpu µs':>9}  {'as fast':>8}  half of the rounds")
    for case in CASES:
        measuring = list(rows(case))
        found = measured(measuring, rounds, milliseconds)
        for number, row in enumerate(measuring):
            line = f"{'' if number else case.name:20}  {row.name:27}  {statistics.median(found[row.name]):9.1f}"
            if row.beside is not None:
                ratios = [beside / own for beside, own in zip(found[row.beside], found[row.name], strict=True)]
                low, median, high = statistics.quantiles(ratios, n=4, method="inclusive")
                line += f"  {median:7.2f}x  {low:.2f} to {high:.2f}"
            print(line)


def table_of_a_long_flow(rounds: int) -> None:
    """Print the seconds that everything takes which is done to a whole flow."""
    flow = whole_flow()
    program, xml = twiml.compile(flow), twiml.encode(flow, extensions=True)
    assert twiml.decode(xml) == flow
    work: dict[str, Callable[[], object]] = {
        "build": whole_flow,
        "validate": partial(twiml.validate, flow),
        "compile": partial(twiml.compile, flow),
        "check": partial(check, flow),
        "encode": partial(twiml.encode, flow, extensions=True),
        "decode": partial(twiml.decode, xml),
        "draw ascii": partial(twiml.draw, program),
    }
    measuring = [Row(name, each) for name, each in work.items()]
    found = measured(measuring, rounds, 0)
    print(f"\n{f'{len(program):,} states':20}  {f'{len(xml):,} bytes of XML':27}  {'cpu s':>9}  slowest round")
    for name, took in found.items():
        print(f"{'':20}  {name:27}  {statistics.median(took) / 1e6:9.3f}  {max(took) / 1e6:.3f}")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three rounds of a few milliseconds")
    parser.add_argument("--rounds", type=int, default=21, help="rounds that each document is measured in")
    options = parser.parse_args()
    gc.disable()
    table(*(3, 4.0) if options.quick else (options.rounds, 20.0))
    table_of_a_long_flow(1 if options.quick else 5)


if __name__ == "__main__":
    main()
