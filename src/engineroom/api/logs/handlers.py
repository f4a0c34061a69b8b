"""Answer for the log: an environment's as the contract has it (section 4.7), and a background process's."""

from datetime import datetime

from engineroom.api.calls.answers import plain
from engineroom.api.calls.call import Call
from engineroom.api.document.validation import validate_parameters
from engineroom.api.http.answer import Answer
from engineroom.api.http.media_types import EVENT_STREAM, TEXT
from engineroom.api.http.streams import last_event_id
from engineroom.api.logs import requests, resource
from engineroom.api.logs.following import downloaded, followed
from engineroom.api.logs.requests import EnvironmentLogFields, FollowFields, ProcessLogFields
from engineroom.model.applications.environment import Environment
from engineroom.model.processes.background_process import BackgroundProcess
from engineroom.telemetry.logs.blocks.query import LogQuery
from engineroom.telemetry.logs.blocks.reading import LogPage, Window, place


async def of_environment(call: Call, environment: Environment) -> Answer:
    """List what the processes of an environment wrote, oldest first."""
    fields = validate_parameters(EnvironmentLogFields, call.query.parameters())
    logs = call.control.logs
    owners = await logs.of_environment(environment.id, call.query.values("instances[]"))
    window = Window(limit=requests.PAGE_SIZE, behind=fields.cursor)
    found = await logs.find(owners, LogQuery(**fields.wanted()), window)
    meta = resource.LogMeta(_cursor(found), fields.type, _seconds(fields.from_), _seconds(fields.to))
    return plain(resource.EnvironmentLogs([resource.line(entry) for entry in found.entries], meta))


async def of_background_process(call: Call, background_process: BackgroundProcess) -> Answer:
    """List what the processes of a background process wrote, follow it, or download it."""
    logs, of = call.control.logs, background_process.id
    if call.query.flag("follow"):
        wanted = validate_parameters(FollowFields, call.query.parameters())
        after = last_event_id(call.header("last-event-id"))
        return Answer(followed(logs, of, wanted, after), media_type=EVENT_STREAM)
    fields = validate_parameters(ProcessLogFields, call.query.parameters())
    if call.query.flag("download"):
        headers = {"content-disposition": f'attachment; filename="{of}.log"'}
        return Answer(downloaded(logs, of, fields), media_type=TEXT, headers=headers)
    page = await logs.find([of], fields.asked(), fields.window())
    lines = [resource.process_line(entry) for entry in page.entries]
    return plain(resource.ProcessLogs(lines, resource.ProcessLogMeta(_cursor(page))))


def _cursor(found: LogPage) -> str | None:
    return requests.cursor(place(found.entries[-1])) if found.more else None


def _seconds(at: datetime) -> str:
    return f"{at.isoformat()[:19]}Z"
