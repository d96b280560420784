"""Extended TwiML: a phone call as data, validated, compiled to a state machine, drawn.

Pure: no I/O, no clock, no asyncio. `Machine` steps a compiled `Program` in the sans-I/O manner,
and whoever owns one does the talking.
"""

from __future__ import annotations

from twiml.compile import compile
from twiml.declare import Element, Extension, Noun, Verb
from twiml.draw import draw
from twiml.errors import DocumentTooLong, InvalidFlow, TwimlError
from twiml.extensions import DefaultExt, FunctionExt, GotoExt, LabelExt, RepeatExt, ResponseExt
from twiml.machine import Callout, Document, Machine, Request, Returned
from twiml.nouns import Client, Conference, Number
from twiml.phrases import APOLOGY, BUSY, NOTHING
from twiml.program import Program, State
from twiml.validate import is_valid, validate
from twiml.verbs import Dial, Gather, Hangup, Pause, Play, Record, Redirect, Reject, Say, Sms
from twiml.xml import encode

__all__ = [
    "APOLOGY",
    "BUSY",
    "NOTHING",
    "Callout",
    "Client",
    "Conference",
    "DefaultExt",
    "Dial",
    "Document",
    "DocumentTooLong",
    "Element",
    "Extension",
    "FunctionExt",
    "Gather",
    "GotoExt",
    "Hangup",
    "InvalidFlow",
    "LabelExt",
    "Machine",
    "Noun",
    "Number",
    "Pause",
    "Play",
    "Program",
    "Record",
    "Redirect",
    "Reject",
    "RepeatExt",
    "Request",
    "ResponseExt",
    "Returned",
    "Say",
    "Sms",
    "State",
    "TwimlError",
    "Verb",
    "compile",
    "draw",
    "encode",
    "is_valid",
    "validate",
]
