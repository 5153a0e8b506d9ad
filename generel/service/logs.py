"""Logs as JSON, one object a line on stderr, for whatever collects them."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

# What every record has; anything else was said by whoever logged.
OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


class JsonLines(logging.Formatter):
    """One JSON object a record: time, level, logger, message, and what was said beside."""

    def format(self, record: logging.LogRecord) -> str:
        said = {name: value for name, value in vars(record).items() if name not in OWN and value is not None}
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": time, "level": record.levelname.lower(), "logger": record.name, "message": record.getMessage(), "process": record.process, **said}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def logging_config(level: str = "INFO") -> dict[str, Any]:
    """What `logging.config.dictConfig` takes: everything that is logged goes to stderr, as JSON."""
    handlers = {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}}
    formatters = {"json": {"()": "generel.service.logs.JsonLines"}}
    return {"version": 1, "disable_existing_loggers": False, "formatters": formatters, "handlers": handlers, "root": {"level": level, "handlers": ["stderr"]}}
