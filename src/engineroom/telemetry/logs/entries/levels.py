"""Which level a text names, in the forms that loggers use: pure.

Only the beginning of a text is looked at, and no pattern tries again and again in it: what a process prints may have been
made to cost time.
"""

import re

from engineroom.model.logs.log import LogLevel

_LOOKED_AT = 160
"""Bytes at the start of a line in which its level stands. JSON and logfmt may have it anywhere: more of those is read."""
_LOOKED_AT_FIELDS = 4096

_LEVELS = {
    LogLevel.ERROR: "emergency emerg alert critical crit fatal ftl severe error err panic dpanic failure",
    LogLevel.WARNING: "warning warn wrn",
    LogLevel.INFO: "notice info inf information informational log",
    LogLevel.DEBUG: "debug dbg trace verbose silly fine finer finest",
}
_LEVEL_OF = {word.encode(): level for level, words in _LEVELS.items() for word in words.split()}

_LARAVEL = re.compile(rb"\[\d{4}-\d\d-\d\d[^\]]{0,40}\] [\w-]+\.([A-Z]+): ")
# level, levelname, level_name, log.level (Elastic Common Schema), log_level, severity_text (OpenTelemetry), @l (Serilog).
_JSON_NAME = re.compile(
    rb'"(?:(?:log[._]?)?level(?:_?name)?|severity(?:_?text)?|lvl|@l)"\s{0,8}:\s{0,8}"([A-Za-z]{1,16})"'
)
_JSON_NUMBER = re.compile(rb'"(?:level|severity)"\s{0,8}:\s{0,8}(\d{1,3})\b')
_LOGFMT = re.compile(rb'(?:^|\s)(?:level|lvl|severity)="?([A-Za-z]{1,16})\b')
_SYSLOG = re.compile(rb"<(\d{1,3})>")
_WORD = re.compile(
    rb"(?:^|[\s\[|(:,/-])(EMERGENCY|EMERG|ALERT|CRITICAL|CRIT|FATAL|FTL|SEVERE|PANIC|ERROR|ERR|WARNING|WARN|WRN|NOTICE"
    rb"|INFO|INF|DEBUG|DBG|TRACE)(?=$|[\s\]|):,/-])"
)
_CAPITALS = re.compile(rb"[A-Z]{3}")
"""To look for these takes a quarter of the time of the pattern, which most lines then need not be held against."""
_BRACKETED = re.compile(rb"\[(?:\w{1,20}:)?(emerg|alert|crit|error|warn|warning|notice|info|debug)\]")
"""As nginx, Apache (`[core:error]`) and Elixir write it."""
_KLOG = re.compile(rb"([FEWID])(?:\d{4}){1,2} \d\d:\d\d:\d\d")
_KLOG_LEVELS = {b"F": LogLevel.ERROR, b"E": LogLevel.ERROR, b"W": LogLevel.WARNING, b"D": LogLevel.DEBUG}
_PHP = re.compile(rb"(?:PHP )?(?:(?:Parse|Fatal|Recoverable fatal) (error)|(Warning)|(Notice|Deprecated)): ")
_NAMED = re.compile(
    rb"(?:[\w./-]{1,40}: )?(fatal|error|panic|warning|warn|info|debug|verbose)(?:\[\w{1,20}\])?: ",
    re.IGNORECASE,
)
_DEATH = re.compile(
    # Go, Rust, Java, .NET, C++, the kernel's as a shell tells of it
    rb"fatal error: |thread '[^']{0,80}' panicked at |Exception in thread |Unhandled exception|terminate called |npm ERR!"
    rb"|(?:[^:]{1,60}: line \d{1,9}: +\d{1,9} )?(?:Segmentation fault|Bus error|Aborted \(core dumped\))"
    # TypeError, java.lang.IllegalStateException, Illuminate\Database\QueryException, with what they say
    rb"|(?:Uncaught )?[\w.$\\]{0,100}(?:Error|Exception)(?: \[\w{1,60}\])?(?::|\n|$)"
)
_ANSI = re.compile(rb"\x1b\[[0-9;:]*[A-Za-z]")


def level_of(text: bytes) -> LogLevel | None:
    """Return the level that a text names; None when it names none."""
    first = text[:1]
    if first == b"[":
        found = _LARAVEL.match(text)
        if found is not None:
            return _LEVEL_OF.get(found[1].lower(), LogLevel.INFO)
    elif first == b"{":
        return _json(text[:_LOOKED_AT_FIELDS])
    elif first == b"<":
        found = _SYSLOG.match(text)
        if found is not None:
            return _of_syslog(int(found[1]))
    return _plain(text)


def _json(text: bytes) -> LogLevel | None:
    found = _JSON_NAME.search(text)
    if found is not None:
        return _LEVEL_OF.get(found[1].lower())
    found = _JSON_NUMBER.search(text)
    return None if found is None else _of_number(int(found[1]))


def _plain(whole: bytes) -> LogLevel | None:
    text = whole[:_LOOKED_AT]
    if b"\x1b" in text:
        text = _ANSI.sub(b"", text)
    if b"l=" in text or b"severity=" in text:
        found = _LOGFMT.search(whole[:_LOOKED_AT_FIELDS])
        if found is not None and (level := _LEVEL_OF.get(found[1].lower())) is not None:
            return level
    found = _WORD.search(text) if _CAPITALS.search(text) else None
    if found is None and b"[" in text:
        found = _BRACKETED.search(text)
    return _of_beginning(text) if found is None else _LEVEL_OF[found[1].lower()]


def _of_beginning(text: bytes) -> LogLevel | None:
    """Return the level of what is no logger's form, but says by its first words what it is."""
    found = _KLOG.match(text)
    if found is not None:
        return _KLOG_LEVELS.get(found[1], LogLevel.INFO)
    if b": " in text:
        found = _PHP.match(text)
        if found is not None:
            return LogLevel.ERROR if found[1] else LogLevel.WARNING if found[2] else LogLevel.INFO
        found = _NAMED.match(text)
        if found is not None:
            return _LEVEL_OF[found[1].lower()]
    return LogLevel.ERROR if _DEATH.match(text) else None


def _of_syslog(priority: int) -> LogLevel:
    """Return the level of a syslog priority: its last three bits are the severity (RFC 5424, section 6.2.1)."""
    severity = priority & 7
    if severity <= 3:
        return LogLevel.ERROR
    return {4: LogLevel.WARNING, 7: LogLevel.DEBUG}.get(severity, LogLevel.INFO)


def _of_number(number: int) -> LogLevel:
    """Return the level of a number: below 8 as syslog counts, below 100 as Bunyan and Pino, above as Monolog does."""
    if number < 8:
        return _of_syslog(number)
    warning, error, debug = (300, 400, 100) if number >= 100 else (40, 50, 20)
    if number >= error:
        return LogLevel.ERROR
    if number >= warning:
        return LogLevel.WARNING
    return LogLevel.DEBUG if number <= debug else LogLevel.INFO
