"""Twilio's REST API on this machine, for the calls and messages that an application makes.

`stand_in` is the server and its accounts, `parameters` the table of what each request takes, `pages` how lists are
filtered and paged; `calls`, `messages`, `numbers` and `recordings` are the resources, each a few functions.
"""

from runtime.softphone.rest.messages import Message
from runtime.softphone.rest.stand_in import Answers, StandIn

__all__ = ["Answers", "Message", "StandIn"]
