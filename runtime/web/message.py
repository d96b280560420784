"""What comes in and what goes out: a request, a response, and a refusal, which is one line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus


@dataclass(slots=True)
class Request:
    """A whole request. `target` is what its first line has between method and version, as it came."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        """The target without its query, which may hold who calls and what they keyed."""
        return self.target.partition("?")[0]


@dataclass(slots=True)
class Response:
    """The head of a response, but for what its connection adds, and the body."""

    head: bytes
    body: bytes


class Refused(Exception):
    """A request that isn't let in: the HTTP status, and one line that says why."""

    def __init__(self, status: int, line: str, **headers: str) -> None:
        super().__init__(line)
        self.status = status
        self.line = line
        self.headers = headers

    @property
    def response(self) -> Response:
        """The line, as the answer."""
        head = head_of(self.status, "text/plain; charset=utf-8", **self.headers)
        return Response(head, f"{self.line}\n".encode("utf-8", "backslashreplace"))


def head_of(status: int, content_type: str, **headers: str) -> bytes:
    """The lines that a response begins with.

    >>> head_of(405, "text/plain", Allow="POST")
    b'HTTP/1.1 405 Method Not Allowed\\r\\nContent-Type: text/plain\\r\\nAllow: POST\\r\\n'
    """
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"Content-Type: {content_type}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "".join(f"{line}\r\n" for line in lines).encode()
