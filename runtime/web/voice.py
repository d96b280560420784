"""Twilio's side of the daemon: each request is checked, made a `Webhook`, and handed to the supervisor.

| request | what happens |
|---|---|
| `POST /<recipe>[/<rank>]` | the call's document |
| `POST /<recipe>/status`, `/recording`, `/transcription` | callbacks; a conference's need be about no call |
| `POST /<recipe>` of a message, which has a MessageSid and no CallSid | what the recipe's `reply` answers |
| `POST /<recipe>/status` of a message | a callback |
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
from runtime.catalogue import Catalogue, Recipe
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
        name = self._name(at, form)
        recipe = self.catalogue.recipes.get(name)
        if recipe is None:
            return await self._of_one_that_is_gone(request, name, at, form, arrived)
        if recipe.handle_request is not None and _is_traditional(request, recipe, form):
            return await self._traditional(request, recipe, at, form)
        if request.method != "POST":
            what = "an extended recipe" if recipe.program is not None else "a recipe for messages"
            raise Refused(405, f"/{recipe.name} is {what}: POST to it", Allow="POST")
        if json is not None:
            raise Refused(415, "Twilio's webhooks are forms, not JSON")
        webhook = self._webhook(request, name, at, form, arrived)
        if not webhook.params.get("CallSid"):
            return await self._of_no_call(recipe, webhook)
        if recipe.program is None and not await self.supervisor.knows(webhook.call_sid):
            raise Refused(404, f"recipe {recipe.name!r} takes no calls: its module has a reply, and no recipe")
        return await self.supervisor.route(_checked(webhook))

    async def _of_no_call(self, recipe: Recipe, webhook: Webhook) -> str:
        """A message; or what a conference tells, which begins, ends and is recorded without a CallSid.

        The call that ended a conference is told of that. (Twilio's documentation: "TwiML Voice: Conference",
        `statusCallback`.)
        """
        if webhook.of_a_message:
            return await self._message(recipe, webhook)
        if not webhook.conference_sid or webhook.kind.wants_document:
            raise Refused(400, "no CallSid; every voice webhook has one")
        if ending := webhook.call_sid_ending_conference:
            return await self.supervisor.route(_checked(replace(webhook, params={**webhook.params, "CallSid": ending})))
        told = webhook.status_callback_event or webhook.event
        log.info("callback_of_no_call", recipe=webhook.recipe, conference_sid=webhook.conference_sid, told=str(told))
        return NOTHING

    async def _message(self, recipe: Recipe, webhook: Webhook) -> str:
        """What a message is answered, or what tells of one."""
        if (length := len(webhook.message)) > LONGEST_SID:
            raise Refused(400, f"a MessageSid of {length} characters; Twilio's have 34")
        if recipe.reply is None and not tells_of_status(webhook):
            raise Refused(404, f"recipe {recipe.name!r} takes no messages: its module has no reply")
        try:
            return await self.supervisor.conversations.route(webhook)
        except Unanswered as problem:
            raise Refused(503, f"message {webhook.message} can't be taken at the moment") from problem

    def _name(self, at: Place, form: Form) -> str:
        """The name of the recipe that a URL is of; at `/` of the one for the number that was called."""
        to = form.params.get("To", at.own.get("To", ""))
        return at.recipe or self.settings.numbers.get(to, self.settings.default_recipe)

    async def _of_one_that_is_gone(self, request: Request, name: str, at: Place, form: Form, arrived: float) -> str:
        """A request to a recipe that isn't there, or not any more: a call that began with it goes on."""
        webhook = self._webhook(request, name, at, form, arrived)
        if name and request.method == "POST" and await self.supervisor.knows(webhook.call_sid):
            return await self.supervisor.route(webhook)
        raise Refused(404, f"there is no recipe {name!r}" if name else "there is no default recipe")

    @staticmethod
    def _webhook(request: Request, recipe: str, at: Place, form: Form, arrived: float) -> Webhook:
        params = {**at.own, **form.params} if at.own else form.params
        return Webhook(params, recipe, at.path, at.step, request.headers.get(TOKEN_HEADER, ""), arrived)

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
            job = self.threads.start(partial(handle, path, params))
            try:
                verbs = await job.result
            finally:
                self.threads.abandon(job)
        if errors := validate(verbs, extended=False):
            raise InvalidFlow(errors)
        return encode(verbs)


def _checked(webhook: Webhook) -> Webhook:
    """The same, if its call is one that can be kept."""
    if (length := len(webhook.params["CallSid"])) > LONGEST_SID:
        raise Refused(400, f"a CallSid of {length} characters; Twilio's have 34")
    return webhook


def _is_traditional(request: Request, recipe: Recipe, form: Form) -> bool:
    """Whether a request is the business of a module's `handle_request`, and neither its flow's nor its `reply`'s."""
    if request.method == "GET":
        return True
    return recipe.program is None and (recipe.reply is None or not Webhook(form.params).of_a_message)
