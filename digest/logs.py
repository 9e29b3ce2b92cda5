"""The log format: a time, a level, a fixed event name, then key=value pairs; never an address."""

import logging
import sys

_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Lines(logging.Formatter):
    """One line per event: what was passed in `extra=` follows its name, in order. A traceback is
    shown only when asked for; else the exception's own line."""

    def __init__(self, *, tracebacks: bool) -> None:
        super().__init__()
        self._tracebacks = tracebacks

    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03d"

    def format(self, record: logging.LogRecord) -> str:
        pairs = (f"{name}={value}" for name, value in vars(record).items() if name not in _PLAIN)
        head = f"{self.formatTime(record)} {record.levelname} {record.name} {record.getMessage()}"
        text = " ".join((head, *pairs))
        if record.exc_info and self._tracebacks:
            return f"{text}\n{self.formatException(record.exc_info)}"
        if record.exc_info and record.exc_info[1] is not None:
            return f"{text} error={type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
        return text


def configure(level: int) -> None:
    """Log our packages' events at `level` and above to standard error, others' warnings too."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines(tracebacks=level <= logging.INFO))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in ("digest", "subscribers"):
        logging.getLogger(name).setLevel(level)
