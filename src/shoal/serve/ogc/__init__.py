"""OGC API Features over released tables, by pygeoapi: what QGIS, GDAL and OWSLib add as a layer.

A collection for each statistic of each release. pygeoapi reads the questions and writes the answers; releases, rows and
rights are ours: `features` finds the rows, `provider` hands them over, `configuration` says what there is.

Source  OGC 17-069r4, OGC API Features 1.0, part 1: core
"""

from typing import TYPE_CHECKING

import anyio.to_thread

if TYPE_CHECKING:
    from shoal.serve.faults import App, Receive, Scope, Send
    from shoal.serve.shelf import Shelf


def ogc_application(shelf: "Shelf") -> "App":
    """What answers below /ogc, as an ASGI application; only of releases that the `Grant` in the scope allows.

    Needs pygeoapi, the extra `ogc`; it takes a second or two to load, so it is loaded by the first question.
    """
    made: list[App] = []

    def load() -> "App":
        from shoal.serve.ogc.answer import Ogc

        return Ogc(shelf)

    async def answer(scope: "Scope", receive: "Receive", send: "Send") -> None:
        if not made:
            made.append(await anyio.to_thread.run_sync(load))
        await made[0](scope, receive, send)

    return answer
