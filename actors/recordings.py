"""A call's recordings: each is told of once, when it can be fetched.

The action of a Record or a Dial tells of its recording before Twilio has it ready (Twilio's documentation: "TwiML
Voice: Record", "recordingStatusCallback"). Where the document asked for the callback as well, the recording is
*awaited* until that comes. Should it be lost, the recording is told of some minutes after the call was last heard of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from actors.webhook import Kind, Webhook

ANNOUNCED = 200
"""Recordings that are remembered as told of, the latest, so that a second callback of one is known."""
AWAITED = 50
"""Recordings that are awaited at a time; the oldest are told of no more."""
PATIENCE = 600.0
"""Seconds after the last of a call that its recordings are awaited."""

_KEPT = frozenset({"CallSid", "AccountSid", "From", "To", "Direction"})


class Recordings:
    """Which recordings were told of, and which are awaited, with the fields that are known of them."""

    __slots__ = ("announced", "awaited")

    def __init__(self, announced: Sequence[str] = (), awaited: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self.announced = tuple(announced)
        self.awaited: Mapping[str, Mapping[str, str]] = awaited or _NONE

    def note(self, webhook: Webhook, *, asked: bool) -> bool:
        """Note what a webhook tells of a recording; whether it can be fetched, and wasn't told of before.

        `asked` is whether the document that it answers asked for a callback too.
        """
        recording = webhook.recording
        if recording is None or not recording.there or recording.sid in self.announced:
            return False
        others = {sid: fields for sid, fields in self.awaited.items() if sid != recording.sid}
        if asked and (webhook.kind.wants_document or webhook.kind is Kind.AFTER_THE_END):
            fields = {
                name: value for name, value in webhook.params.items() if name in _KEPT or name.startswith("Recording")
            }
            self.awaited = dict([*others.items(), (recording.sid, fields)][-AWAITED:])
            return False
        self.awaited = others or _NONE
        self.announced = (*self.announced, recording.sid)[-ANNOUNCED:]
        return True

    def given_up(self) -> list[Mapping[str, str]]:
        """The fields of those whose callbacks are not waited for any more; they count as told of."""
        late, self.awaited = self.awaited, _NONE
        self.announced = (*self.announced, *late)[-ANNOUNCED:]
        return list(late.values())


_NONE: Mapping[str, Mapping[str, str]] = {}
