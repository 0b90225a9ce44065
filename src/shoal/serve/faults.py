"""What becomes of a fault of ours: an answer that says so, a line for the operator, and no word of the error itself."""

import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from shoal.serve.problems import MEDIA_TYPE, Problem

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

Tell = Callable[[str], None]
"""Takes a sentence for whoever runs the server."""


def untold(_: str) -> None:
    """Nobody is there to be told."""


class Faults:
    """Wraps an application: what it raises becomes an answer, unless half of one has been sent.

    tell  is told where it happened
    """

    def __init__(self, app: App, tell: Tell = untold) -> None:
        self._app = app
        self._tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def sent(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, sent)
        except Problem as problem:
            if started:
                raise  # half an answer is none: the connection is cut
            await say(problem, send)
        except Exception as error:
            # where it happened, and no text of the error: that may quote a request
            frames = "".join(traceback.format_tb(error.__traceback__)).rstrip()
            kind = type(error).__name__
            self._tell(f"{frames}\nthis is a fault of Shoal's ({kind}); please report it with the lines above")
            if started:
                raise  # half an answer is none: the connection is cut
            await say(Problem(500, "this is a fault of Shoal's; tell whoever runs this server when it happened"), send)


async def say(problem: Problem, send: Send) -> None:
    """Answer with a problem."""
    body = problem.body()
    headers = {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(body)), **problem.headers}
    encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": problem.status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
