"""Twilio's side of the daemon: each request is checked, made a `Webhook`, and handed to the supervisor.

| request | what happens |
|---|---|
| `POST /<recipe>[/<rank>]` | the call's document |
| `POST /<recipe>/status`, `/recording`, `/transcription` | callbacks; a conference's need be about no call |
| `POST /<recipe>` of a message, which has a MessageSid and no CallSid | what the recipe's `reply` answers |
| `POST /<recipe>/status` of a message | what became of one of ours; subscribed functions hear of it |
| `POST /` | the recipe of the To number, or the default one |
| `GET`, `POST /<module>/rest/of/path` | `handle_request(path, params)` of a traditional module |

What is refused gets one clear line and one event in the log. What goes wrong within is never
Twilio's "application error": the caller hears the apology, and the answer's status is 200. A message
that can't be written down is refused, so that Twilio tells of it.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import structlog

from actors import Clock, Threads, Webhook, tells_of_status
from runtime.catalogue import Catalogue
from runtime.recipe import Recipe
from runtime.settings import Settings
from runtime.web.door import Door
from runtime.web.form import Form, Place, place
from runtime.web.message import Refused, Request, Response, head_of
from supervisor import Supervisor, Unanswered
from twiml import APOLOGY, NOTHING, InvalidFlow, encode, validate

log = structlog.get_logger("switchhook.web")

TOKEN_HEADER = "I-Twilio-Idempotency-Token"  # noqa: S105 - the name of a header
LONGEST_SID = 64
"""Characters of a CallSid or MessageSid; Twilio's have 34. A journal finds calls by it, and none has to find what is
longer; and it stands in every line of the log."""
_XML = head_of(200, "text/xml; charset=utf-8")


class VoiceFront:
    """Answers Twilio's requests. One instance is the handler of a `Server`."""

    def __init__(
        self,
        settings: Settings,
        catalogue: Catalogue,
        supervisor: Supervisor,
        *,
        door: Door,
        prefix: str,
        clock: Clock,
        threads: Threads,
    ) -> None:
        self.settings = settings
        self.catalogue = catalogue
        self.supervisor = supervisor
        self.door = door
        self.prefix = prefix
        self.clock = clock
        self.threads = threads

    async def __call__(self, request: Request) -> Response:
        """One request of anybody's. Raises nothing but `Refused`."""
        try:
            xml = await self._answer(request)
        except Refused:
            raise
        except Exception as problem:
            log.exception("request_failed", reason=f"{type(problem).__name__}: {problem}", path=request.path)
            xml = APOLOGY
        return Response(_XML, xml.encode())

    async def _answer(self, request: Request) -> str:
        arrived = self.clock.now()
        json = request.body if "json" in request.headers.get("Content-Type", "").lower() else None
        form = Form(request.body.decode("utf-8", "replace") if json is None else "")
        self.door.check(request, form, json)
        at = place(request.target, self.prefix)
        name = at.recipe or self._called(at, form)
        recipe = self.catalogue.recipes.get(name)
        params = {**at.own, **form.params} if at.own else form.params
        webhook = Webhook(params, name, at.path, at.step, request.headers.get(TOKEN_HEADER, ""), arrived)
        if recipe is not None and _is_traditional(request, recipe, webhook):
            return await self._traditional(request, recipe, at, form)
        if request.method != "POST":
            raise _no_such(webhook) if recipe is None else _not_by_post(recipe)
        if json is not None:
            raise Refused(415, "Twilio's webhooks are forms, not JSON")
        if webhook.of_a_message:
            return await self._message(recipe, webhook)
        of_call = webhook if webhook.call_sid else _of_conference(webhook)
        if recipe is None or recipe.program is None:
            await self._check_known(recipe, of_call or webhook)
        if of_call is None:
            return NOTHING
        _check_length("CallSid", of_call.call_sid)
        return await self.supervisor.route(of_call)

    def _called(self, at: Place, form: Form) -> str:
        """The name of the recipe for the number that was called; empty if there is none."""
        to = form.params.get("To", at.own.get("To", ""))
        return self.settings.numbers.get(to, self.settings.default_recipe)

    async def _check_known(self, recipe: Recipe | None, webhook: Webhook) -> None:
        """Whether a recipe that is gone, or takes no calls, is asked for by a call that began before, or by its leg."""
        for call_sid in (webhook.call_sid, webhook.parent_call_sid):
            if await self.supervisor.knows(call_sid):
                return
        if recipe is None:
            raise _no_such(webhook)
        raise Refused(404, f"recipe {recipe.name!r} takes no calls: its module has a reply, and no recipe")

    async def _message(self, recipe: Recipe | None, webhook: Webhook) -> str:
        """What a message is answered, or what tells of one."""
        if recipe is None:
            raise _no_such(webhook)
        _check_length("MessageSid", webhook.message)
        if recipe.reply is None and not tells_of_status(webhook):
            raise Refused(404, f"recipe {recipe.name!r} takes no messages: its module has no reply")
        try:
            return await self.supervisor.conversations.route(webhook)
        except Unanswered as problem:
            raise Refused(503, f"message {webhook.message} can't be taken at the moment") from problem

    async def _traditional(self, request: Request, recipe: Recipe, at: Place, form: Form) -> str:
        """What a module's own `handle_request` answers, as the seed's `twilio_rt_` modules did."""
        if request.method not in ("GET", "POST"):
            raise Refused(405, f"/{recipe.name} takes GET and POST", Allow="GET, POST")
        params = {**Form(at.query).params, **form.params}
        try:
            async with asyncio.timeout(self.settings.callout_patience):
                return await self._handled(recipe, at.path.split("/") if at.path else [], params)
        except (Exception, SystemExit) as problem:
            reason = f"{type(problem).__name__}: {problem}"
            trace = None if isinstance(problem, InvalidFlow) else problem
            of = {"call_sid": params.get("CallSid", ""), "recipe": recipe.name}
            log.exception("request_failed", **of, reason=reason, exc_info=trace)
            return APOLOGY

    async def _handled(self, recipe: Recipe, path: list[str], params: Mapping[str, str]) -> str:
        handle = recipe.handle_request
        assert handle is not None, "a recipe has a program or handles requests"
        if inspect.iscoroutinefunction(handle):
            verbs = await handle(path, params)
        else:
            verbs = await self.threads.run(partial(handle, path, params))
        if errors := validate(verbs, extended=False):
            raise InvalidFlow(errors)
        return encode(verbs)


def _no_such(webhook: Webhook) -> Refused:
    if webhook.recipe:
        return Refused(404, f"there is no recipe {webhook.recipe!r}")
    return Refused(404, f"[numbers] has no recipe for {webhook.params.get('To', '')!r}, and there is no default_recipe")


def _not_by_post(recipe: Recipe) -> Refused:
    what = "an extended recipe" if recipe.program is not None else "a recipe for messages"
    return Refused(405, f"/{recipe.name} is {what}: POST to it", Allow="POST")


def _of_conference(webhook: Webhook) -> Webhook | None:
    """What a conference tells, which begins, ends and is recorded without a CallSid: None if it is about no call.

    The call that ended a conference is told of that. (Twilio's documentation: "TwiML Voice: Conference",
    `statusCallback`.) Raises `Refused` for anything else without a CallSid.
    """
    if not webhook.conference_sid or webhook.kind.wants_document:
        raise Refused(400, "no CallSid; every voice webhook has one")
    if ending := webhook.call_sid_ending_conference:
        return replace(webhook, params={**webhook.params, "CallSid": ending})
    told = webhook.status_callback_event or webhook.event
    log.info("callback_of_no_call", recipe=webhook.recipe, conference_sid=webhook.conference_sid, told=str(told))
    return None


def _check_length(what: str, sid: str) -> None:
    """Whether a SID is one that can be kept."""
    if len(sid) > LONGEST_SID:
        raise Refused(400, f"a {what} of {len(sid)} characters; Twilio's have 34")


def _is_traditional(request: Request, recipe: Recipe, webhook: Webhook) -> bool:
    """Whether a request is the business of a module's `handle_request`, and neither its flow's nor its `reply`'s."""
    if recipe.handle_request is None:
        return False
    to_reply = recipe.reply is not None and webhook.of_a_message
    return request.method == "GET" or (recipe.program is None and not to_reply)
