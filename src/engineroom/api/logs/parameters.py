"""The parameters of the queries for the log, as the OpenAPI document has them."""

from engineroom.api.calls.endpoint import Parameter
from engineroom.api.logs.requests import MAX_PAGE_SIZE, LogsOf
from engineroom.model.logs.log import LogLevel

_DATE_TIME = {"type": "string", "format": "date-time"}
_BOOLEAN = {"type": "boolean"}

_COMMON = (
    Parameter("from", _DATE_TIME, "Only what was written from then on; in UTC where there is no zone."),
    Parameter("to", _DATE_TIME, "Only what was written by then."),
    Parameter("query", {"type": "string"}, "Only what has this text in it."),
    Parameter("case_sensitive", _BOOLEAN, "Whether capitals matter in that."),
    Parameter("whole_word", _BOOLEAN, "Whether that must stand as a word of its own."),
    Parameter("type", {"enum": list(LogsOf)}, "Only what is of this type."),
    Parameter("cursor", {"type": "string"}, "The `meta.cursor` of the page before."),
)
OF_ENVIRONMENT = (
    *(
        Parameter(each.name, each.schema, each.description, required=each.name in ("from", "to"))
        for each in _COMMON
    ),
    Parameter("instances[]", {"type": "string"}, "Only of these instances; may be given several times."),
)
OF_PROCESS = (
    *_COMMON,
    Parameter("level", {"enum": list(LogLevel)}, "Only what is of this level, or worse."),
    Parameter("replica", {"type": "integer"}, "Only of this replica."),
    Parameter("index", {"type": "integer"}, "Only of the processes of this index."),
    Parameter("newest_first", _BOOLEAN, "Whether the newest come first."),
    Parameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE},
        "How many at most; 100 unless given.",
    ),
    Parameter("follow", _BOOLEAN, "Whether to go on with what comes, as server-sent events."),
    Parameter("tail", {"type": "integer"}, "With `follow`: how many of the newest to begin with."),
    Parameter("download", _BOOLEAN, "Whether to answer with all of it, as a text file."),
)
