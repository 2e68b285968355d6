"""Log lines: a JSON object each, or plain text on a developer's machine, and never a secret of an address.

`fields` opens what every line of a request or task says beside its message; `add_fields` adds what is learned on the
way, as who asks. A single line may bring more of its own: `log.info("…", extra={"fields": {"status": 200}})`. Nothing
else that libraries hang on a record is written, because among it are whole requests and the arguments of tasks.
"""

import datetime as dt
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from partnerportal.lib.secret_addresses import mask_secrets

_fields: ContextVar["Fields | None"] = ContextVar("log_fields", default=None)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


Fields = dict[str, Any]


@contextmanager
def fields(**values: Any) -> Iterator[Fields]:
    """Write these on every line of the block, and no others that stood before it."""
    token = open_fields(**values)
    try:
        yield values
    finally:
        close_fields(token)


def open_fields(**values: Any) -> Token[Fields | None]:
    """Begin such a block where it cannot be a `with`; it lasts until `close_fields`."""
    return _fields.set(values)


def close_fields(token: Token[Fields | None]) -> None:
    """End the block that `open_fields` began."""
    _fields.reset(token)


def add_fields(**values: Any) -> None:
    """Write these as well on the rest of the lines of the block that is open; without one, nothing is kept."""
    current = _fields.get()
    if current is not None:
        current.update(values)


def current_fields() -> Fields:
    """Return the fields of the block that is open."""
    return dict(_fields.get() or {})


class JsonLine(JsonFormatter):
    """One JSON object on one line: time (UTC), level, logger, message, the fields, and a traceback as one text."""

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        moment = dt.datetime.fromtimestamp(record.created, dt.UTC)
        log_data["time"] = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        log_data |= {"level": record.levelname, "logger": record.name, "message": record.message}
        log_data |= current_fields() | getattr(record, "fields", {}) | message_dict

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        return {key: mask_secrets(value) if isinstance(value, str) else value for key, value in log_data.items()}


class PlainLine(logging.Formatter):
    """Time, level, logger and message for a person at a terminal. The lines of a traceback are indented, so that
    nothing in it looks like a line of its own."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        lines = super().format(record).split("\n")
        return "\n    ".join(_CONTROL.sub(_escape, mask_secrets(line)) for line in lines)

    def formatMessage(self, record: logging.LogRecord) -> str:
        return super().formatMessage(record).replace("\r", r"\r").replace("\n", r"\n")


class SentAmiss(logging.Filter):
    """Takes the traceback from what is told of a request that no program of ours would send, and makes it a warning:
    strangers would else fill the log and the error tracker."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name != "django.request" or getattr(record, "status_code", 500) < 500:
            record.exc_info, record.levelno, record.levelname = None, logging.WARNING, "WARNING"
        return True


# Where Django tells of such requests. A filter sees what is told to its very logger, so each is named.
TELL_OF_STRANGERS = (
    "django.request",
    "django.security.DisallowedHost",
    "django.security.RequestDataTooBig",
    "django.security.SuspiciousMultipartForm",
    "django.security.TooManyFieldsSent",
    "django.security.TooManyFilesSent",
)


def configuration(form: str, level: str) -> dict[str, Any]:
    """Return what `logging.config` takes: everything to standard error, `form` being "json" or "line"."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {"()": "partnerportal.lib.logs.JsonLine"},
            "line": {"()": "partnerportal.lib.logs.PlainLine"},
        },
        "filters": {"sent_amiss": {"()": "partnerportal.lib.logs.SentAmiss"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": form}},
        "root": {"handlers": ["console"], "level": level},
        # Celery's two lines for each task are one of ours (`task_log.py`); what fails is told as ever.
        "loggers": {name: {"filters": ["sent_amiss"]} for name in TELL_OF_STRANGERS}
        | {
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            "gunicorn.error": {"level": "INFO", "handlers": ["console"], "propagate": False},
        },
    }


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
