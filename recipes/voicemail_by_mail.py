"""A voicemail that is transcribed and comes by mail, one mail a message.

The caller is asked for a message of up to two minutes, hears a tone, speaks, and is thanked; who says nothing is told
that nothing was heard. Nobody waits for the mail: it is sent by functions that are subscribed to the call.

A message is mailed with its transcription, as soon as Twilio has one. If that fails the mail says so; if none has come
after `transcription_wait` seconds, or when the process stops, the mail goes without. What is shorter than two seconds
is no message, and isn't mailed. A mail that the server doesn't take is logged and tried again, later each time; if
none was taken in the end it is a dead letter. The recording stays with Twilio in any case.

Settings:
    mail_to             who gets the mails; if it isn't set, messages are logged, with where they are to be heard
    mail_from           who they come from; `mail_to` by default
    smtp_host           a mail server that takes mail without a password; `localhost` by default
    smtp_port           its port; 25 by default
    transcription_wait  how many seconds to wait for a transcription; 300 by default

To change: what the caller is told, in `voicemail`; what the mail says, in `written`; a mail server that wants TLS or a
password, in `send`. To put a voicemail at the end of another flow, as `office_hours` does, end that with `*voicemail`.
"""

from __future__ import annotations

import atexit
import smtplib
from email.message import EmailMessage
from email.utils import localtime
from threading import Timer
from typing import TYPE_CHECKING, NamedTuple

from twiml import FunctionExt, Record, Say, Verb

if TYPE_CHECKING:
    from actors import Call, Webhook

SHORTEST = 2
"""Seconds; Twilio transcribes nothing shorter."""


class Message(NamedTuple):
    """What was recorded, and the timer that ends the wait for its transcription."""

    recording_sid: str
    url: str
    seconds: int | None
    call: Call
    timer: Timer


waiting: dict[str, Message] = {}
"""The messages that haven't been mailed yet, by RecordingSid. Whoever takes one out mails it, so it is mailed once."""


def mail_what_is_recorded(_: Call) -> tuple[list[Verb], list[tuple[str, object]]]:
    """Have the call's recordings mailed, whether or not the caller stays to the end."""
    return [], [("recording", on_recording), ("transcription", on_transcription)]


def thank(call: Call) -> list[Verb]:
    """Say goodbye, to a caller who has left a message and to one who hasn't."""
    if call.params.get("RecordingDuration", "0") in map(str, range(SHORTEST)):
        return [Say("Sorry, we did not hear a message. Please call again at any time. Goodbye.")]
    return [Say("Thank you for your message. We will call you back. Goodbye.")]


def on_recording(webhook: Webhook, call: Call) -> None:
    """There is a message: mail it once its transcription is there, or has not come in time."""
    recording = webhook.recording
    if recording is None or (recording.duration is not None and recording.duration < SHORTEST):
        return
    if "mail_to" not in call.settings:
        call.log.warning("message_not_mailed", reason="mail_to is not set", recording=recording.url)
        return
    timer = Timer(float(call.settings.get("transcription_wait", 300)), give_up_waiting, [recording.sid])
    timer.daemon = True
    waiting[recording.sid] = Message(recording.sid, recording.url, recording.duration, call, timer)
    timer.start()


def on_transcription(webhook: Webhook, _: Call) -> None:
    """Twilio has understood what was said, or given up on it."""
    if message := waiting.pop(webhook.params.get("RecordingSid", ""), None):
        text = webhook.params.get("TranscriptionText", "").strip()
        send(message, f"“{text}”" if text else "The message could not be transcribed.")


def give_up_waiting(recording_sid: str) -> None:
    """The transcription is late. A timer's thread runs this, and nobody but the log hears of an error there."""
    if message := waiting.pop(recording_sid, None):
        try:
            send(message, "There is no transcription.")
        except Exception as problem:  # noqa: BLE001 - there is nobody to hand it to
            message.call.log.warning("message_not_mailed", reason=str(problem), recording=message.url)


@atexit.register
def send_what_is_left() -> None:
    """The process stops: no transcription will come now. A server that won't take one mail isn't asked for the rest."""
    for recording_sid in list(waiting):
        give_up_waiting(recording_sid)
        if recording_sid in waiting:
            break


def written(message: Message, transcription: str) -> EmailMessage:
    """The mail. Its Message-ID is the recording's own, so that a repeat is known for one."""
    settings = message.call.settings
    caller = " ".join(message.call.from_.split()) or "an unknown number"
    length = "" if message.seconds is None else f", {message.seconds} seconds long"
    mail = EmailMessage()
    mail["Subject"] = f"Voicemail from {caller}"
    mail["To"] = settings["mail_to"]
    mail["From"] = settings.get("mail_from", settings["mail_to"])
    mail["Date"] = localtime()
    mail["Message-ID"] = f"<{message.recording_sid}@switchhook>"
    mail.set_content(f"{caller} has left a message{length}.\n\n{transcription}\n\n{message.url}\n")
    return mail


def send(message: Message, transcription: str) -> None:
    """Send the mail of a message. Raises `OSError` if no mail server takes it; the message is then still waiting."""
    settings = message.call.settings
    message.timer.cancel()
    try:
        with smtplib.SMTP(settings.get("smtp_host", "localhost"), settings.get("smtp_port", 25), timeout=20) as server:
            server.send_message(written(message, transcription))
    except BaseException:
        waiting[message.recording_sid] = message
        raise


voicemail: list[Verb] = [
    FunctionExt("mail what is recorded", fn=mail_what_is_recorded),
    Say("Please leave your name, your number and a short message after the tone. When you have finished, press hash."),
    Record(play_beep=True, max_length=120, timeout=5, finish_on_key="#", transcribe=True),
    FunctionExt("thank the caller", fn=thank),
]

recipe: list[Verb] = [Say("Thank you for calling. We can't take your call at the moment."), *voicemail]
