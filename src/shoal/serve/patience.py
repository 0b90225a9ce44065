"""How long the server waits for a slow asker: for a request's head, between requests, and for an answer to be taken.

Uvicorn itself limits only the pause between two requests; who sends a head drop by drop, or never reads an answer,
would keep a connection and the answer's bytes for ever.
"""

import asyncio
from typing import Any, ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle


class PatientProtocol(H11Protocol):
    """HTTP/1.1 as Uvicorn speaks it, with deadlines. A connection that misses one is cut."""

    head_seconds: ClassVar[float] = 10.0
    """For the whole head of a request, from the connection or the first byte on."""
    answer_seconds: ClassVar[float] = 20.0
    """In which an asker must have taken `answer_bytes` of an answer that waits for it, or all of it."""
    answer_bytes: ClassVar[int] = 1 << 16
    most: ClassVar[int] = 1000
    """Connections at a time; more are closed at once."""

    _head: asyncio.TimerHandle | None = None
    _answer: asyncio.TimerHandle | None = None
    _refused = False

    def connection_made(self, transport: Any) -> None:
        if len(self.connections) >= self.most:
            self._refused = True
            transport.abort()
            return
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head()
        self._stop_answer()
        if not self._refused:
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        if self._head is None and not self._answering:
            self._expect_head()
        super().data_received(data)
        if self._answering:
            self._stop_head()

    def on_response_complete(self) -> None:
        self._stop_head()  # what follows is the pause between requests, which Uvicorn times
        super().on_response_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._expect_taking()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_answer()

    @property
    def _answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # Uvicorn's own types say that there always is one
        return cycle is not None and not cycle.response_complete

    def _expect_head(self) -> None:
        self._head = self.loop.call_later(self.head_seconds, self.transport.abort)

    def _expect_taking(self) -> None:
        left = self.transport.get_write_buffer_size()
        self._answer = self.loop.call_later(self.answer_seconds, self._check_taking, left)

    def _check_taking(self, before: int) -> None:
        if before - self.transport.get_write_buffer_size() < self.answer_bytes:
            self.transport.abort()
        else:
            self._expect_taking()

    def _stop_head(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _stop_answer(self) -> None:
        if self._answer is not None:
            self._answer.cancel()
            self._answer = None
