"""What a picture says of each state: the seed's words, read from the state that runs.

`WORDS` is the one table: what each element is called and what is said of it, most of it as texts
to fill in. An element that isn't in it is drawn all the same, by its name in capitals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from twiml.extensions import DefaultExt, FunctionExt, PromptExt, ResponseExt
from twiml.program import State
from twiml.xml import Fragment, read

Words = tuple[str, str]
"""A state in words: what it is, and what of it."""


def words(state: State) -> Words:
    """The words for a state.

    >>> words(State("1", '<Say language="de">Guten Tag</Say>', "next"))
    ('SAY', '"Guten Tag" de')
    >>> words(State("1", "<Levitate>up</Levitate>", "next"))
    ('LEVITATE', 'up')
    """
    payload = state.payload
    if isinstance(payload, str):
        found = read(payload)
        return (f"end of {found.name[1:]}", "(wait for response)") if found.closing else _element(found)
    if isinstance(payload, ResponseExt):
        return f"Response {payload.response or _spoken(payload)} :", _titled(payload.title)
    if isinstance(payload, DefaultExt):
        return "Default :", _titled(payload.title)
    if isinstance(payload, FunctionExt):
        return "Call out to", f"{(payload.title or '').upper()} ({payload.module}:{payload.fn})"
    return "GOTO", state.transition


def answer(response: ResponseExt) -> str:
    """What a caller keys or says for a response.

    >>> answer(ResponseExt("1", speech=["yes", "yes please"]))
    '1 or "yes" or "yes please"'
    """
    return " or ".join(filter(None, (response.response, _spoken(response))))


def _titled(title: str | PromptExt | None) -> str:
    """A title in capitals, in each of its languages."""
    texts = title.texts.values() if isinstance(title, PromptExt) else [title or ""]
    return " / ".join(str(text).upper() for text in texts)


def _spoken(response: ResponseExt) -> str:
    return " or ".join(f'"{phrase}"' for phrase in response.speech or ())


def _element(found: Fragment) -> Words:
    what, of_it = WORDS.get(found.name, (found.name.upper(), _text))
    return what, of_it(found)


def _some(*parts: str) -> str:
    return " ".join(filter(None, parts))


def _true(attributes: Mapping[str, str], name: str, word: str) -> str:
    return word if attributes.get(name, "false").lower() not in ("false", "do-not-record") else ""


def _text(found: Fragment) -> str:
    return found.text.strip()


def _nothing(_: Fragment) -> str:
    return ""


def _filled(**phrases: str) -> Callable[[Fragment], str]:
    """Says a phrase for each attribute that is given, in this order; `text` is what the element holds."""

    def of_it(found: Fragment) -> str:
        values = {**found.attributes, "text": found.text.strip()}
        given = ((phrase, values.get(name.rstrip("_"), "")) for name, phrase in phrases.items())
        return _some(*(phrase.format(value) for phrase, value in given if value))

    return of_it


def _inner(found: Fragment, *names: str) -> list[Fragment]:
    return [each for each in found.inside if each.name in names]


def _spoken_or_played(quote: str, *attributes: str) -> Callable[[Fragment], str]:
    """A text, or the same in several languages, one after the other."""

    def one(found: Fragment) -> str:
        return _some(f"{quote}{found.text}{quote}", *(found.attributes.get(name, "") for name in attributes))

    def of_it(found: Fragment) -> str:
        prompts = [each for each in found.inside if each.name == "ext:Prompt"]
        own = [found.attributes.get(name, "") for name in attributes]
        return _some(" / ".join(map(one, prompts)), *own) if prompts else one(found)

    return of_it


def _play(play: Fragment) -> str:
    digits = play.attributes.get("digits")
    return _some(_spoken_or_played("", "language")(play), f"(keys {digits})" if digits else "")


def _gather(gather: Fragment) -> str:
    inputs = gather.attributes.get("input", "dtmf").lower().split()
    asks = " or ".join(_INPUTS[each] for each in _INPUTS if each in inputs)
    key = gather.attributes.get("finishOnKey")
    return _some(f"(request {asks} Input)", f"(finish with: {key})" if key else "")


_INPUTS = {"dtmf": "Keypad", "speech": "Speech"}


def _record(record: Fragment) -> str:
    found = record.attributes
    return _some(_true(found, "playBeep", "(beep)"), _true(found, "transcribe", "(transcribe)"))


def _conference(conference: Fragment) -> str:
    found = conference.attributes
    return _some(
        conference.text,
        _true(found, "muted", "(caller can't speak)"),
        _true(found, "beep", "(beep)"),
        _true(found, "startConferenceOnEnter", "(wait for conf admin)"),
        _true(found, "endConferenceOnExit", "(conf dies when this person leaves)"),
    )


def _enqueue(enqueue: Fragment) -> str:
    task = _inner(enqueue, "Task")
    name = f"(task {task[0].text.strip()})" if task else _text(enqueue)
    return _some(name, _filled(workflowSid="(workflow {})")(enqueue))


def _named(*names: str) -> Callable[[Fragment], str]:
    """The text, or where elements are nested those of these names."""

    def of_it(found: Fragment) -> str:
        return " or ".join(_text(each) for each in _inner(found, *names)) if found.inside else _text(found)

    return of_it


def _started(found: Fragment) -> str:
    """What a verb starts, stops or asks for, each in its own words."""
    return ", ".join(_some(*_element(each)) for each in found.inside)


def _pay(pay: Fragment) -> str:
    found = pay.attributes
    prompts = len(_inner(pay, "Prompt"))
    amount = found.get("chargeAmount")
    return _some(
        _some(amount, found.get("currency", "usd")) if amount else "",
        f"(by {found['paymentMethod']})" if "paymentMethod" in found else "",
        f"({prompts} prompt{'s' if prompts > 1 else ''})" if prompts else "",
    )


WORDS: Mapping[str, tuple[str, Callable[[Fragment], str]]] = {
    # verbs
    "Say": ("SAY", _spoken_or_played('"', "voice", "language")),
    "Play": ("PLAY", _play),
    "Pause": ("PAUSE", lambda pause: f"for {pause.attributes.get('length', '1')} seconds"),
    "Gather": ("GATHER", _gather),
    "Record": ("RECORD", _record),
    "Dial": ("DIAL", lambda dial: _true(dial.attributes, "record", "(to be recorded)")),
    "Sms": ("SMS", lambda sms: f'"{sms.text}" - to {sms.attributes.get("to", "")}'),
    "Redirect": ("REDIRECT", lambda redirect: f"to {redirect.text.strip()}"),
    "Hangup": ("HANGUP", _nothing),
    "Reject": ("REJECT", _filled(reason="because {}")),
    "Echo": ("ECHO", _nothing),
    "Enqueue": ("ENQUEUE", _enqueue),
    "Leave": ("LEAVE", _nothing),
    "Connect": ("CONNECT", _nothing),
    "Start": ("START", _started),
    "Stop": ("STOP", _started),
    "Pay": ("PAY", _pay),
    "Refer": ("REFER", lambda refer: f"to {_named('Sip')(refer)}"),
    # what Dial reaches
    "Number": ("NUMBER", lambda number: number.text),
    "Client": ("CLIENT", _named("Identity")),
    "Conference": ("CONFERENCE", _conference),
    "Queue": ("QUEUE", _text),
    "Sim": ("SIM", _text),
    "Sip": ("SIP", _named("Uri")),
    "Application": ("APPLICATION", _named("ApplicationSid")),
    "WhatsApp": ("WHATSAPP", _text),
    # what Connect, Start and Stop hold
    "Stream": ("STREAM", _filled(name="{}", url="to {}", connectorName="by {}", track="({})")),
    "ConversationRelay": (
        "CONVERSATION RELAY",
        _filled(url="to {}", welcomeGreeting='"{}"', voice="{}", language="{}"),
    ),
    "ConversationRelaySession": ("CONVERSATION RELAY SESSION", _filled(connector="by {}")),
    "AiSession": ("AI SESSION", _filled(aiConnector="by {}")),
    "Room": ("ROOM", _filled(text="{}", participantIdentity="(as {})")),
    "Conversation": ("CONVERSATION", _filled(serviceInstanceSid="in {}")),
    "VirtualAgent": ("VIRTUAL AGENT", _filled(connectorName="by {}", language="{}")),
    "Autopilot": ("AUTOPILOT", _text),
    "Siprec": ("SIPREC", _filled(name="{}", connectorName="by {}", track="({})")),
    "Transcription": ("TRANSCRIPTION", _filled(name="{}", languageCode="{}", track="({})")),
    "Recording": ("RECORDING", _filled(name="{}", track="({})")),
    # what stands inside these, and is no state
    "Prompt": ("PROMPT", _filled(for_="for {}")),
    "Parameter": ("PARAMETER", _filled(name="{}", value="= {}")),
    "Config": ("CONFIG", _filled(name="{}", value="= {}")),
    "Header": ("HEADER", _filled(name="{}", value="= {}")),
    "Headers": ("HEADERS", _started),
    "Uri": ("URI", _text),
    "Identity": ("IDENTITY", _text),
    "ApplicationSid": ("APPLICATION", _text),
    "Task": ("TASK", _text),
    "Language": ("LANGUAGE", _filled(code="{}", voice="{}")),
}
