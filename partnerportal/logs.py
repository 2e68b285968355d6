"""One line per log record, with its fields, and never a secret of a URL."""

import logging
import re

_SECRETS = re.compile(r"(/i/|/calendar/|/password/reset/key/)[\w-]{20,}")  # in a path


class LineFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return _SECRETS.sub(r"\1…", super().format(record))
