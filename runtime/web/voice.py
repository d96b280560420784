"""Twilio's side of the daemon: each request is checked, made a `Webhook`, and handed to the supervisor.

| request | what happens |
|---|---|
| `POST /<recipe>[/<rank>]` | the call's document |
| `POST /<recipe>/status`, `/recording`, `/transcription` | callbacks; a conference's need be about no call |
| `POST /` | the recipe of the To number, or the default one |
| `GET`, `POST /<module>/rest/of/path` | `handle_request(path, params)` of a traditional module |

What is refused gets one clear line and one event in the log. What goes wrong within is never
Twilio's "application error": the caller hears the apology, and the answer's status is 200.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import structlog

from actors import Clock, Threads, Webhook
from runtime.catalogue import Catalogue, Recipe
from runtime.settings import Settings
from runtime.web.door import Door
from runtime.web.form import Form, Place, place
from runtime.web.message import Refused, Request, Response, head_of
from supervisor import Supervisor
from twiml import APOLOGY, NOTHING, InvalidFlow, encode, validate

log = structlog.get_logger("switchhook.web")

TOKEN_HEADER = "I-Twilio-Idempotency-Token"  # noqa: S105 - the name of a header
LONGEST_SID = 64
"""Characters of a CallSid; Twilio's have 34. A journal finds calls by it, and none has to find what is longer."""
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
        recipe = self._recipe(at, form)
        if recipe.program is None or (recipe.handle_request is not None and request.method == "GET"):
            return await self._traditional(request, recipe, at, form)
        if request.method != "POST":
            raise Refused(405, f"/{recipe.name} is an extended recipe: POST to it", Allow="POST")
        if json is not None:
            raise Refused(415, "voice webhooks are forms, not JSON")
        params = {**at.own, **form.params} if at.own else form.params
        token = request.headers.get(TOKEN_HEADER, "")
        webhook = Webhook(params, recipe.name, at.path, at.step, token, arrived)
        if not params.get("CallSid"):
            return await self._of_no_call(webhook)
        return await self.supervisor.route(_checked(webhook))

    async def _of_no_call(self, webhook: Webhook) -> str:
        """A conference begins, ends and is recorded without a CallSid; the call that ended it is told of that.

        (Twilio's documentation: "TwiML Voice: Conference", `statusCallback`.)
        """
        if not webhook.conference_sid or webhook.kind.wants_document:
            raise Refused(400, "no CallSid; every voice webhook has one")
        if ending := webhook.call_sid_ending_conference:
            return await self.supervisor.route(_checked(replace(webhook, params={**webhook.params, "CallSid": ending})))
        told = webhook.status_callback_event or webhook.event
        log.info("callback_of_no_call", recipe=webhook.recipe, conference_sid=webhook.conference_sid, told=str(told))
        return NOTHING

    def _recipe(self, at: Place, form: Form) -> Recipe:
        """The recipe that a URL names; at `/` the one for the number that was called."""
        name = at.recipe
        if not name:
            to = form.params.get("To", at.own.get("To", ""))
            name = self.settings.numbers.get(to, self.settings.default_recipe)
        recipe = self.catalogue.recipes.get(name)
        if recipe is None:
            raise Refused(404, f"there is no recipe {name!r}" if name else "there is no default recipe")
        return recipe

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
