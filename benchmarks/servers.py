"""The servers that are measured, each in a process of its own: `python servers.py NAME PORT [SETTING=VALUE …]`.

All of them answer the three webhooks of a call: the menu, the answer to it, the end. `bare` parses the
form and returns a constant, the least that any handler can do. `switchhook` takes settings, and keeps
its calls in the `memory:` journal if they name no other. `fastapi` and `flask` are what one would
write with the official SDK: check the signature, build the document, keep nothing.
"""

import sys
from collections.abc import Callable
from typing import Any

TOKEN = "benchmark-token-0123456789abcdef"  # noqa: S105 - made up
RECIPE = "menu_with_default"


def public_url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def switchhook(port: int, *given: str) -> None:
    from runtime import catalogue, journals, logs
    from runtime.commands.options import run
    from runtime.daemon import Daemon
    from runtime.settings import Settings

    logs.configure("error")
    chosen: dict[str, Any] = {"journal": "memory:", "admin_port": 0} | dict(each.split("=", 1) for each in given)
    settings = Settings(port=port, auth_token=TOKEN, log_level="error", **chosen)
    run(Daemon(settings, catalogue.load(), journal=journals.named(settings.journal)).run())


def bare(port: int) -> None:
    import uvloop
    from aiohttp import web

    async def answer(request: web.Request) -> web.Response:
        await request.post()
        return web.Response(text="<Response/>", content_type="text/xml")

    app = web.Application()
    app.router.add_post("/{tail:.*}", answer)
    web.run_app(app, port=port, host="127.0.0.1", access_log=None, print=None, loop=uvloop.new_event_loop())


def _document(path: str, form: Any) -> str:
    """What a stateless handler answers: the same three documents."""
    from twilio.twiml.voice_response import Gather, VoiceResponse

    response = VoiceResponse()
    if form.get("CallStatus") == "completed":
        return str(response)
    if path.endswith("/1"):
        said = {"1": "My you are looking swish", "2": "What you looking at, fannybaws?"}
        response.say(said.get(form.get("Digits", ""), "can you no use a phone, bawbag?"))
        response.hangup()
        return str(response)
    gather = Gather(num_digits=1, action=f"/{RECIPE}/1?step=1")
    gather.say("Press 1 for PRAISE. Press 2 for ABUSE. Do nothing for A SLAGGING")
    response.append(gather)
    response.say("can you no use a phone, bawbag?", language="de")
    response.hangup()
    return str(response)


def fastapi(port: int) -> None:
    import uvicorn
    from fastapi import FastAPI, Request, Response
    from twilio.request_validator import RequestValidator

    app = FastAPI()
    validator = RequestValidator(TOKEN)

    async def answer(request: Request) -> Response:
        form = await request.form()
        url = public_url(port) + request.url.path + (f"?{request.url.query}" if request.url.query else "")
        if not validator.validate(url, form, request.headers.get("X-Twilio-Signature", "")):
            return Response(status_code=403)
        return Response(_document(request.url.path, form), media_type="text/xml")

    app.add_api_route(f"/{RECIPE}", answer, methods=["POST"])
    app.add_api_route(f"/{RECIPE}/1", answer, methods=["POST"])
    uvicorn.run(app, host="127.0.0.1", port=port, access_log=False, log_level="error")


def flask(port: int) -> None:
    from flask import Flask, Response, request
    from gunicorn.app.base import BaseApplication
    from twilio.request_validator import RequestValidator

    app = Flask(__name__)
    validator = RequestValidator(TOKEN)

    @app.post(f"/{RECIPE}")
    @app.post(f"/{RECIPE}/1")
    def answer() -> Response:
        url = public_url(port) + request.full_path.rstrip("?")
        if not validator.validate(url, request.form, request.headers.get("X-Twilio-Signature", "")):
            return Response(status=403)
        return Response(_document(request.path, request.form), content_type="text/xml")

    class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
        def load_config(self) -> None:
            for name, value in {"bind": f"127.0.0.1:{port}", "workers": 1, "threads": 8, "loglevel": "error"}.items():
                self.cfg.set(name, value)

        def load(self) -> Flask:
            return app

    Server().run()


SERVERS: dict[str, Callable[..., None]] = {each.__name__: each for each in (switchhook, bare, fastapi, flask)}

if __name__ == "__main__":
    SERVERS[sys.argv[1]](int(sys.argv[2]), *sys.argv[3:])
