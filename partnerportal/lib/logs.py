"""Log lines: a JSON object each, or plain text on a developer's machine, without the secrets that URLs hold.

`bind_log_fields` sets what every line of a request or task says beside its message, and `add_log_fields` adds what is
learned on the way, such as who asks. A single line may bring fields of its own:
`log.info("…", extra={"fields": {"status": 200}})`. Nothing else that libraries attach to a record is written, because
whole requests and the arguments of tasks are among it.
"""

import datetime as dt
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from partnerportal.lib.secret_urls import mask_secrets

_fields: ContextVar["Fields | None"] = ContextVar("log_fields", default=None)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


Fields = dict[str, Any]


@contextmanager
def bind_log_fields(**values: Any) -> Iterator[Fields]:
    """Add these fields to every log line that is written within the `with` block.

    They replace the fields of an outer block. Yields the dict of fields.
    """
    token = begin_log_field_block(**values)
    try:
        yield values
    finally:
        end_log_field_block(token)


def begin_log_field_block(**values: Any) -> Token[Fields | None]:
    """Begin a block of log fields, like `bind_log_fields`, for callers that cannot use `with`.

    Returns the token that `end_log_field_block` takes.
    """
    return _fields.set(values)


def end_log_field_block(token: Token[Fields | None]) -> None:
    """End the block of log fields that `begin_log_field_block` began. `token` is what it returned."""
    _fields.reset(token)


def add_log_fields(**values: Any) -> None:
    """Add fields to all further log lines of the present `bind_log_fields` block. Outside a block they are dropped."""
    current = _fields.get()
    if current is not None:
        current.update(values)


def get_log_fields() -> Fields:
    """Return a copy of the fields that are added to every log line; empty outside a `bind_log_fields` block."""
    return dict(_fields.get() or {})


class JsonLineFormatter(JsonFormatter):
    """A log formatter that writes each record as one line of JSON.

    The object has the time (UTC), level, logger, message, further fields, and the traceback as a string.
    """

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        moment = dt.datetime.fromtimestamp(record.created, dt.UTC)
        log_data["time"] = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        log_data |= {"level": record.levelname, "logger": record.name, "message": record.message}
        log_data |= get_log_fields() | getattr(record, "fields", {}) | message_dict

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        return {key: mask_secrets(value) if isinstance(value, str) else value for key, value in log_data.items()}


class PlainLineFormatter(logging.Formatter):
    """A log formatter for a person at a terminal, who reads time, level, logger and message.

    The lines of a traceback are indented, so that nothing in it can pass for a log line.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        lines = super().format(record).split("\n")
        return "\n    ".join(_CONTROL.sub(_escape, mask_secrets(line)) for line in lines)

    def formatMessage(self, record: logging.LogRecord) -> str:
        return super().formatMessage(record).replace("\r", r"\r").replace("\n", r"\n")


class MalformedRequestFilter(logging.Filter):
    """A logging filter that turns records about malformed requests into warnings without a traceback.

    No browser sends such requests; strangers who do would otherwise fill the log and the error tracker.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name != "django.request" or getattr(record, "status_code", 500) < 500:
            record.exc_info, record.levelno, record.levelname = None, logging.WARNING, "WARNING"
        return True


# The loggers by which Django reports such requests. A filter sees only records of its own logger, so each is named.
TELL_OF_STRANGERS = (
    "django.request",
    "django.security.DisallowedHost",
    "django.security.RequestDataTooBig",
    "django.security.SuspiciousMultipartForm",
    "django.security.TooManyFieldsSent",
    "django.security.TooManyFilesSent",
)


def build_logging_configuration(form: str, level: str) -> dict[str, Any]:
    """Return the dict for `logging.config.dictConfig`: everything is logged to standard error.

    `form` is "json" or "line" (plain text), and `level` the lowest level that is logged.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {"()": "partnerportal.lib.logs.JsonLineFormatter"},
            "line": {"()": "partnerportal.lib.logs.PlainLineFormatter"},
        },
        "filters": {"sent_amiss": {"()": "partnerportal.lib.logs.MalformedRequestFilter"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": form}},
        "root": {"handlers": ["console"], "level": level},
        # In place of Celery's two lines for each task there is one of ours (`task_log.py`). Failures are still logged.
        "loggers": {name: {"filters": ["sent_amiss"]} for name in TELL_OF_STRANGERS}
        | {
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            "gunicorn.error": {"level": "INFO", "handlers": ["console"], "propagate": False},
        },
    }


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()
