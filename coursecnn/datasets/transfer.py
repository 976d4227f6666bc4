"""One request of a download: asking again when a server says so, giving up when it is too slow.

- `answered`: a response, or the reason why there is none, within a minute;
- `chunks`: its content as it comes, from a server that keeps up a minimum rate;
- `InterruptedTransferError`, `SlowError`: why a transfer ended early.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any

# Seconds to wait for a connection, and for the next bytes.
TIMEOUTS = (5.0, 15.0)
# Seconds that a server has for its answer, pauses that it asks for included.
ANSWER_WITHIN = 50.0
# Requests to a server that says that it is busy.
REQUESTS = 3
# Seconds: a server that asks for a longer pause than this is left for the next one.
LONGEST_PAUSE = 30.0
BUSY = frozenset({429, *range(500, 600)})
# A server that sends fewer bytes a second than this, over so many seconds, is left for the next.
SLOWEST_RATE, WINDOW = 1_024, 15.0
CHUNK = 1 << 16


class InterruptedTransferError(Exception):
    """A transfer broke off, and may be resumed."""


class SlowError(OSError):
    """A server takes too long."""


@contextmanager
def answered(url: str, headers: dict[str, str]) -> Iterator[Any]:
    """What the server at `url` answers: a `requests.Response` whose content is still to come.

    Raises:
        SlowError: if there is no answer in time, even if the server keeps sending bytes of one.
        OSError, ValueError: if it cannot be asked, or refuses.
    """
    import requests

    # Time limits on a socket start again with each byte. So another thread waits, and may be left.
    answers: SimpleQueue[requests.Response | Exception] = SimpleQueue()
    session = requests.Session()
    asking = threading.Thread(target=_ask, args=(session, url, headers, answers), daemon=True)
    asking.start()
    with session:
        try:
            answer = answers.get(timeout=ANSWER_WITHIN)
        except Empty:
            raise SlowError(f"does not answer within {ANSWER_WITHIN:g} s") from None
        if isinstance(answer, Exception):
            raise answer
        with answer:
            answer.raise_for_status()
            yield answer


def _ask(session: Any, url: str, headers: dict[str, str], answers: SimpleQueue[Any]) -> None:
    """Put the response, or the exception, into `answers`."""
    from requests.adapters import HTTPAdapter

    try:
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=_retry()))
        answers.put(session.get(url, headers=headers, stream=True, timeout=TIMEOUTS))
    except Exception as error:  # it is raised where the answer is waited for
        answers.put(error)


def _retry() -> Any:
    """Ask a busy server again after the pause that it asks for, if that is not too long."""
    return _patience()(
        total=REQUESTS - 1,
        connect=0,
        read=0,
        other=0,
        status_forcelist=BUSY,
        raise_on_status=False,
    )


@functools.cache
def _patience() -> Any:
    """The class of `_retry`, made late: whoever has the files does without urllib3."""
    from urllib3.exceptions import InvalidHeader, MaxRetryError
    from urllib3.util import Retry

    class Patience(Retry):
        def get_retry_after(self, response: Any) -> float | None:
            """The pause asked for, in seconds, from a number or a date; None if it is neither."""
            try:
                return super().get_retry_after(response)
            except (InvalidHeader, ValueError, OverflowError):
                return None

        def get_backoff_time(self) -> float:
            """Pauses of 1, 2, ... seconds, also before the first further request."""
            return 0.5 * 2.0 ** len(self.history)

        def increment(self, *args: Any, **kwargs: Any) -> Any:
            """As in urllib3, and no further request where the pause would be too long."""
            response = kwargs.get("response")
            if response is not None and (self.get_retry_after(response) or 0) > LONGEST_PAUSE:
                raise MaxRetryError(kwargs["_pool"], "")
            return super().increment(*args, **kwargs)

    return Patience


def chunks(response: Any) -> Iterator[bytes]:
    """The content, in pieces as they arrive.

    Raises:
        SlowError: if the server falls below the minimum rate.
        InterruptedTransferError: if the connection breaks or falls silent before that.
    """
    import urllib3

    pace = Pace()
    try:
        while chunk := response.raw.read1(CHUNK, decode_content=False):
            yield chunk
            pace.add(len(chunk))
    except (urllib3.exceptions.HTTPError, OSError) as error:
        if isinstance(error, SlowError):
            raise
        pace.add(0)
        raise InterruptedTransferError(f"the connection broke: {error}") from error


class Pace:
    """How fast bytes come in, judged once per window."""

    def __init__(self) -> None:
        """Start the first window."""
        self._restart()

    def _restart(self) -> None:
        self.since, self.received = time.monotonic(), 0

    def add(self, count: int) -> None:
        """Count bytes that came in just now; raise `SlowError` if a window had too few."""
        self.received += count
        seconds = time.monotonic() - self.since
        if seconds < WINDOW:
            return
        if self.received < SLOWEST_RATE * seconds:
            raise SlowError(f"is too slow: {self.received:,} bytes in {seconds:.0f} s")
        self._restart()
