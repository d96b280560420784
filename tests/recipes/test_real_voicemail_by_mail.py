"""The voicemail, and its mails, as a mail server on loopback gets them: one a message, whatever comes of its words."""

from __future__ import annotations

import asyncio
import email.policy
import re
from email import message_from_bytes
from email.message import EmailMessage

import pytest
from aiosmtpd.smtp import SMTP
from structlog.testing import capture_logs

from recipes import voicemail_by_mail
from runtime.softphone import HangUp, Press, Silence, Speak
from tests.wire import ME, YOU, a_call, dial, post

HELLO = "Thank you for calling. We can't take your call at the moment."
LEAVE = "Please leave your name, your number and a short message after the tone. When you have finished, press hash."
THANKS = "Thank you for your message. We will call you back. Goodbye."
NOTHING = "Sorry, we did not hear a message. Please call again at any time. Goodbye."
MESSAGE = "My order number nine has not arrived yet, please call me"
A_RECORDING = {"RecordingSid": "RE1", "RecordingUrl": "https://api.example/RE1", "RecordingDuration": "7"}


class MailServer:
    """A mail server that keeps what it gets, or takes nothing."""

    def __init__(self) -> None:
        self.mails: asyncio.Queue[EmailMessage] = asyncio.Queue()
        self.refuses = False
        self.asked = 0

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Take a mail."""
        self.asked += 1
        if self.refuses:
            return "554 not today"
        mail = message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.put_nowait(mail)
        return "250 OK"

    async def next(self) -> EmailMessage:
        """The next mail to arrive."""
        async with asyncio.timeout(30):
            return await self.mails.get()

    @property
    def left(self) -> int:
        """How many arrived that nobody has looked at."""
        return self.mails.qsize()


@pytest.fixture
async def mailbox():
    mailbox = MailServer()
    listening = await asyncio.get_running_loop().create_server(
        lambda: SMTP(mailbox, hostname="localhost", enable_SMTPUTF8=True), "127.0.0.1", 0
    )
    async with listening:
        mailbox.port = listening.sockets[0].getsockname()[1]
        yield mailbox
    for message in list(voicemail_by_mail.waiting.values()):
        message.timer.cancel()
    voicemail_by_mail.waiting.clear()


@pytest.fixture
async def office(serve, mailbox):
    where = {"smtp_host": "127.0.0.1", "smtp_port": mailbox.port}
    return await serve(settings={"mail_to": "office@example.com", "mail_from": "phone@example.com"} | where)


@pytest.mark.parametrize("ends", [Press("#"), Silence(), HangUp()], ids=str)
async def test_a_message_is_mailed_with_its_transcription(office, mailbox, ends):
    transcript = await dial(office, "voicemail_by_mail", Speak(MESSAGE), ends, from_=ME)
    mail = await mailbox.next()
    await office.stop()

    assert transcript.said == [HELLO, LEAVE, *([] if ends == HangUp() else [THANKS])]
    recording = transcript.requests[1].params
    assert (mail["To"], mail["From"]) == ("office@example.com", "phone@example.com")
    assert mail["Subject"] == f"Voicemail from {ME}"
    assert mail["Message-ID"] == f"<{recording['RecordingSid']}@switchhook>"
    length = recording["RecordingDuration"]
    assert mail.get_content().splitlines() == [
        f"{ME} has left a message, {length} seconds long.",
        "",
        f"“{MESSAGE}”",
        "",
        recording["RecordingUrl"],
    ]
    assert mailbox.left == 0
    assert not voicemail_by_mail.waiting


@pytest.mark.parametrize("said", [[Silence()], [Press("#")], [Speak("oh"), Press("#")]], ids=str)
async def test_what_is_shorter_than_two_seconds_is_no_message(office, mailbox, said):
    transcript = await dial(office, "voicemail_by_mail", *said)
    await office.stop()

    assert transcript.said == [HELLO, LEAVE, NOTHING]
    assert mailbox.left == 0


async def test_who_hangs_up_before_the_tone_leaves_no_message(office, mailbox):
    transcript = await dial(office, "voicemail_by_mail", HangUp("Say"))
    await office.stop()

    assert transcript.said == [HELLO]
    assert mailbox.left == 0


async def recorded(daemon) -> None:
    """A message is left; no transcription comes by itself."""
    asked = await post(daemon, "/voicemail_by_mail", a_call())
    action = re.search(r'<Record action="([^"]+)"', asked.text)[1]
    reply = await post(daemon, action, a_call(status="in-progress", **A_RECORDING))
    assert THANKS in reply.text
    ready = {"CallSid": "CA1", "RecordingStatus": "completed", **A_RECORDING}
    await post(daemon, "/voicemail_by_mail/recording?step=1", ready)


async def test_a_transcription_that_failed_is_mailed_as_such(office, mailbox):
    await recorded(office)
    failed = {"RecordingSid": "RE1", "TranscriptionStatus": "failed", "TranscriptionText": ""}
    await post(office, "/voicemail_by_mail/transcription?step=1", a_call(status="in-progress", **failed))

    assert "The message could not be transcribed." in (await mailbox.next()).get_content()


async def test_a_transcription_that_never_comes_is_not_waited_for_for_ever(office, mailbox, monkeypatch):
    timers = []
    monkeypatch.setattr(voicemail_by_mail, "Timer", lambda *args: timers.append(Timer(*args)) or timers[0])
    await recorded(office)
    await post(office, "/voicemail_by_mail", a_call(status="completed"))
    await office.stop()

    assert timers[0].seconds == 300
    assert mailbox.left == 0
    await asyncio.to_thread(timers[0].ring)
    mail = await mailbox.next()
    assert "There is no transcription." in mail.get_content()
    assert "https://api.example/RE1" in mail.get_content()


async def test_a_transcription_that_comes_too_late_is_no_second_mail(serve, mailbox):
    where = {"smtp_host": "127.0.0.1", "smtp_port": mailbox.port, "transcription_wait": 0}
    daemon = await serve(settings={"mail_to": "office@example.com"} | where)
    await recorded(daemon)
    first = await mailbox.next()
    heard = {"RecordingSid": "RE1", "TranscriptionStatus": "completed", "TranscriptionText": "hello"}
    await post(daemon, "/voicemail_by_mail/transcription?step=1", a_call(status="in-progress", **heard))
    await daemon.stop()

    assert first["From"] == "office@example.com"
    assert "There is no transcription." in first.get_content()
    assert mailbox.left == 0


async def test_a_recording_that_is_told_of_twice_is_one_mail(office, mailbox):
    await recorded(office)
    told = {"CallSid": "CA1", "RecordingStatus": "completed", "SequenceNumber": "2", **A_RECORDING}
    await post(office, "/voicemail_by_mail/recording?step=1", told)
    heard = {"RecordingSid": "RE1", "TranscriptionStatus": "completed", "TranscriptionText": "hello"}
    for _ in range(2):
        await post(office, "/voicemail_by_mail/transcription?step=1", a_call(status="in-progress", **heard))
    await office.stop()

    assert "“hello”" in (await mailbox.next()).get_content()
    assert mailbox.left == 0


async def test_two_callers_at_once_are_two_mails(office, mailbox):
    calls = [dial(office, "voicemail_by_mail", Speak(MESSAGE), from_=who) for who in (ME, YOU)]
    await asyncio.gather(*calls)

    subjects = {(await mailbox.next())["Subject"], (await mailbox.next())["Subject"]}
    assert subjects == {f"Voicemail from {ME}", f"Voicemail from {YOU}"}


async def test_a_mail_that_is_refused_is_tried_again_later(office, mailbox):
    mailbox.refuses = True
    transcript = await dial(office, "voicemail_by_mail", Speak(MESSAGE))
    async with asyncio.timeout(30):
        while not mailbox.asked:  # noqa: ASYNC110 - what is waited for happens on another thread
            await asyncio.sleep(0.01)
    mailbox.refuses = False

    assert transcript.said[-1] == THANKS
    assert f"“{MESSAGE}”" in (await mailbox.next()).get_content()


async def test_a_mail_that_is_refused_to_the_end_is_sent_when_the_process_stops(office, mailbox):
    mailbox.refuses = True
    await dial(office, "voicemail_by_mail", Speak(MESSAGE))
    await office.stop()

    mailbox.refuses = False
    await asyncio.to_thread(voicemail_by_mail.send_what_is_left)
    assert "There is no transcription." in (await mailbox.next()).get_content()


async def test_a_server_that_takes_no_mail_is_asked_but_once_when_the_process_stops(office, mailbox):
    mailbox.refuses = True
    for _ in range(3):
        await dial(office, "voicemail_by_mail", Speak(MESSAGE))
    await office.stop()
    asked = mailbox.asked
    await asyncio.to_thread(voicemail_by_mail.send_what_is_left)

    assert len(voicemail_by_mail.waiting) == 3
    assert mailbox.asked == asked + 1


async def test_without_a_mail_server_the_caller_notices_nothing(serve):
    daemon = await serve(settings={"mail_to": "office@example.com", "smtp_host": "127.0.0.1", "smtp_port": 1})
    transcript = await dial(daemon, "voicemail_by_mail", Speak(MESSAGE))
    await daemon.stop()

    assert transcript.said == [HELLO, LEAVE, THANKS]
    assert daemon.status()["calls"]["completed"] == 1
    assert voicemail_by_mail.waiting.popitem()


async def test_without_settings_messages_stay_with_twilio(serve):
    daemon = await serve()
    with capture_logs() as events:
        transcript = await dial(daemon, "voicemail_by_mail", Speak(MESSAGE))
        await daemon.stop()

    assert transcript.said == [HELLO, LEAVE, THANKS]
    (told,) = [event for event in events if event["event"] == "message_not_mailed"]
    assert told["recording"] == transcript.requests[1].params["RecordingUrl"]
    assert not voicemail_by_mail.waiting
    assert not daemon.status()["dead_letters"]


async def test_a_caller_s_name_makes_no_header(office, mailbox):
    await dial(office, "voicemail_by_mail", Speak(MESSAGE), from_="sip:jo\r\nBcc: all@example.com")

    mail = await mailbox.next()
    assert mail["Subject"] == "Voicemail from sip:jo Bcc: all@example.com"
    assert mail["Bcc"] is None


class Timer:
    """A timer that rings when it is told to."""

    def __init__(self, seconds: float, do, args) -> None:
        self.seconds, self._do, self._args = seconds, do, args
        self.daemon = False

    def start(self) -> None:
        """It runs, and takes its time."""
        assert self.daemon

    def cancel(self) -> None:
        """Never mind."""

    def ring(self) -> None:
        """Time is up."""
        self._do(*self._args)
