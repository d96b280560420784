"""A stand-in for Twilio, at the other end of the wire.

It signs and posts webhooks as Twilio does, performs the TwiML that comes back, answers prompts from a script or a
keypad, sends the callbacks, and keeps a transcript. It knows nothing of this house but the wire, so it calls any
TwiML application,

    call = Call("http://127.0.0.1:8080/office_hours", auth_token=token, script=[Press("1"), HangUp()])
    transcript = await call.run()
    print(transcript)

and, as a stand-in for Twilio's REST API, makes the calls that an application asks for:

    async with StandIn(account_sid, auth_token, answers=[Answer(), Press("1")]) as twilio:
        client = Client(account_sid, auth_token)    # the official SDK
        client.api.base_url = twilio.url

`caller` says what a script may hold and when its acts are performed, `call` how a call goes, `verbs` what each
verb does, `document` what is wrong with an answer; `outbound` how a call begins that the application makes, `outside`
how one is changed while it runs, `rest` what is asked for over HTTP.
"""

from runtime.softphone.call import SAME, Call
from runtime.softphone.caller import (
    Act,
    Answer,
    Caller,
    HangUp,
    Hold,
    Press,
    Prompt,
    Script,
    Silence,
    Speak,
    parse_line,
    parse_options,
)
from runtime.softphone.fields import ACCOUNT_SID
from runtime.softphone.outbound import Address, Outbound
from runtime.softphone.outside import Unchangeable
from runtime.softphone.rest import StandIn
from runtime.softphone.transcript import Line, Request, Sms, Transcript

__all__ = [
    "ACCOUNT_SID",
    "SAME",
    "Act",
    "Address",
    "Answer",
    "Call",
    "Caller",
    "HangUp",
    "Hold",
    "Line",
    "Outbound",
    "Press",
    "Prompt",
    "Request",
    "Script",
    "Silence",
    "Sms",
    "Speak",
    "StandIn",
    "Transcript",
    "Unchangeable",
    "parse_line",
    "parse_options",
]
