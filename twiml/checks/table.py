"""Every check there is. To add one: a function of a `Flow` in one of the modules beside, and a row here.

`docs/findings.md` has a section for each, with an example that has it and one that hasn't.
"""

from __future__ import annotations

from twiml.checks import declared, hearing, keys, paths
from twiml.checks.finding import Check

MALFORMED = Check(
    "SW101",
    "warning",
    "an exemption that exempts from nothing",
    "Write `# switchhook: ignore[SW003]` on a line of its own that begins with the #.",
)
UNNEEDED = Check(
    "SW102",
    "warning",
    "an exemption that nothing needs",
    "Leave it out; it would hide the next such finding.",
)

CHECKS = (
    Check(
        "SW001",
        "warning",
        "nobody can get here",
        "Lead a key or a goto here, or leave it out.",
        paths.unreachable,
    ),
    Check(
        "SW002",
        "error",
        "a loop that nothing ends",
        "Put a Gather into the loop with a key that leads out, or end the call after the last round.",
        paths.endless,
    ),
    Check(
        "SW003",
        "warning",
        "a menu without a way out",
        "Let one key lead on, or say goodbye and hang up.",
        paths.no_way_out,
    ),
    Check(
        "SW004",
        "note",
        "silence is asked again and again",
        "A DefaultExt that says goodbye ends the call sooner than the limit of visits does.",
        paths.asked_for_ever,
    ),
    Check(
        "SW005",
        "warning",
        "a callout in a loop",
        "Let the function return what must be fresh in every round, the next question included.",
        paths.called_once,
    ),
    Check(
        "SW006",
        "warning",
        "more keys than people remember",
        "Group the answers: a first menu of a few, each with a menu of its own.",
        keys.too_many,
    ),
    Check(
        "SW007",
        "error",
        "a key that can never match",
        'Let input hold "dtmf", or leave the key empty: ResponseExt("", …, speech=[…]).',
        keys.dead_keys,
    ),
    Check(
        "SW008",
        "error",
        "words that can never match",
        "Leave them out here, or in the response that takes them.",
        keys.dead_words,
    ),
    Check(
        "SW009",
        "warning",
        "keys that begin alike",
        "Give all answers the same length, and num_digits that length.",
        keys.begin_alike,
    ),
    Check(
        "SW010",
        "note",
        "a wait after every key",
        "Without num_digits Twilio waits for the timeout or for #, however short the answers are.",
        keys.waits_for_more,
    ),
    Check(
        "SW011",
        "warning",
        "too long to listen to",
        "Say the most important thing first, and offer the rest behind a key.",
        hearing.too_long,
    ),
    Check(
        "SW012",
        "warning",
        "speech or music that never ends",
        "Give loop a number, or put it into a Gather, which a key interrupts.",
        hearing.never_done,
    ),
    Check(
        "SW013",
        "warning",
        "a question that isn't asked",
        "Put what is asked into the Gather, where it is also heard when it repeats, or let auto_menu_ext say it.",
        hearing.asks_nothing,
    ),
    Check(
        "SW014",
        "warning",
        "no goodbye",
        "Say something before the call ends, so that callers know it was no fault of the line.",
        hearing.goes_dead,
    ),
    Check(
        "SW015",
        "warning",
        "a recording nobody hears of",
        "Let a FunctionExt before or after it take the recording, or name a recording_status_callback.",
        hearing.unheard,
    ),
    Check(
        "SW016",
        "note",
        "a pause before the call is answered",
        "If callers are to hear that somebody is there, say something first.",
        hearing.keeps_ringing,
    ),
    Check(
        "SW017",
        "warning",
        "refused too late",
        "Reject before anything is said, or say goodbye and hang up.",
        hearing.rejects_too_late,
    ),
    Check(
        "SW018",
        "note",
        "what Twilio has moved on from",
        "The sentence says what has taken its place, if anything has.",
        declared.retired,
    ),
    Check(
        "SW019",
        "warning",
        "a text that isn't translated",
        "Give it a text in every language of the flow, or, where it is meant so, a language of its own.",
        declared.untranslated,
    ),
    MALFORMED,
    UNNEEDED,
)
"""One row a finding: its code, how bad it is, its title, what helps, and what looks for it."""
