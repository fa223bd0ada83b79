"""Logs as lines of JSON, one a request or an event, to stderr."""

import json
import logging
import sys
import traceback
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from datetime import UTC, datetime
from typing import Any, Final, Protocol

LOG: Final = logging.getLogger("omnisource.serve")
LIBRARIES: Final = ("uvicorn", "uvicorn.error")
"""Loggers of others that write here too; uvicorn's own lines a request are left out."""
FORMS: Final = "python_multipart"
"""A logger of others that warns of each form it cannot read: its sender is told, the log is not."""


class JsonLines(logging.Formatter):
    """A record as a line of JSON: what was said, and what stands beside it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "beside", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["trace"] = "".join(traceback.format_exception(record.exc_info[1]))
        return json.dumps(line, ensure_ascii=False, default=str)


class Answered(Protocol):
    """A request that has been answered."""

    @property
    def method(self) -> str:
        """Its method."""

    @property
    def path(self) -> str:
        """What was asked for."""

    @property
    def request_id(self) -> str:
        """What it is called."""

    @property
    def key(self) -> str:
        """Whose it is, "" for nobody's."""

    @property
    def status(self) -> int:
        """Of the answer."""

    @property
    def seconds(self) -> float:
        """That it took."""

    @property
    def at(self) -> float:
        """When it was answered, seconds since 1970-01-01 UTC."""


def log_requests(requests: Sequence[Answered]) -> None:
    """Write a line for each request, all at once; a log that cannot be written stops nothing."""
    if not (requests and LOG.isEnabledFor(logging.INFO)):
        return
    lines = "".join(map(_line, requests))
    for handler in LOG.handlers:
        if isinstance(handler, logging.StreamHandler):
            with suppress(OSError, ValueError), handler.lock or nullcontext():
                handler.stream.write(lines)
                handler.flush()


def _line(request: Answered) -> str:
    at = datetime.fromtimestamp(request.at, UTC).isoformat(timespec="milliseconds")
    path = json.dumps(request.path, ensure_ascii=False)
    return (
        f'{{"time": "{at}", "level": "info", "event": "request", '
        f'"request_id": "{request.request_id}", "method": "{request.method}", "path": {path}, '
        f'"status": {request.status}, "ms": {1000 * request.seconds:.2f}, '
        f'"key": "{request.key}"}}\n'
    )


def log(event: str, level: int = logging.INFO, **beside: Any) -> None:
    """Say that something has happened, and what stands beside it."""
    if LOG.isEnabledFor(level):
        LOG.log(level, event, extra={"beside": beside})


def log_fault(event: str, error: BaseException, **beside: Any) -> None:
    """Say what went wrong, with the trace, which stays in the house."""
    LOG.error(event, exc_info=error, extra={"beside": beside})


def log_to_stderr(level: int = logging.INFO) -> None:
    """Have what is logged from that level on written to stderr, as lines of JSON."""
    to = logging.StreamHandler(sys.stderr)
    to.setFormatter(JsonLines())
    for name in (LOG.name, *LIBRARIES):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [to], False
        logger.setLevel(level)
    logging.getLogger("uvicorn.error").handlers = []
    logging.getLogger("uvicorn.error").propagate = True
    logging.getLogger(FORMS).setLevel(logging.CRITICAL)
