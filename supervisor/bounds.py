"""What one call, or one conversation, may have of a daemon while others wait as well."""

from __future__ import annotations

WAITING = 100
"""Webhooks of one call, or messages of one conversation, that may wait for their answers.

A caller beyond them hears that it takes a moment, and comes back by a Redirect: no error, since Twilio would end the
call over it, and no repeat of the present document, which the webhooks before may change. What they keyed is asked for
again. A message beyond them is refused."""
LATE = 8.0
"""Seconds after its arrival that a webhook over which its actor has crashed is not tried again: Twilio waits 15."""
