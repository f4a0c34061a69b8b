"""A keeper as it may be found after an upgrade that did not reach it: `other_keeper.py FOLDER older|newer`.

It is today's, made to speak as version 0.1.0 does (protocol 1: six keys in a spec and no other, no limits, no usage), or
as a coming one may (more in its greeting). It cannot execute itself anew.
"""

import sys

from engineroom.keeper import __main__, calls
from engineroom.keeper.processes.process import JsonObject
from engineroom.keeper.processes.supervisor import Watcher

SIX = {"id", "argv", "working_directory", "environment", "signal_group", "labels"}
NEW_CALLS = ("limit", "usage")


class OlderCalls(calls.Calls):
    """The calls of protocol 1."""

    def call(self, request: JsonObject, watcher: Watcher) -> JsonObject:
        name = request.get("call")
        if name in (*NEW_CALLS, "upgrade"):
            raise calls.CallError(f"there is no call {name!r} in protocol 1")
        if name == "start" and any(spec.keys() != SIX for spec in request["processes"]):
            raise calls.CallError("a spec must be an object of the six keys")
        answer = super().call(request, watcher)
        if name == "hello":
            return {
                **{key: answer[key] for key in ("pid", "epoch", "sequence")},
                "protocol": 1,
                "version": "0.1.0",
            }
        return answer


class NewerCalls(calls.Calls):
    """The calls of a protocol that is still to come."""

    def call(self, request: JsonObject, watcher: Watcher) -> JsonObject:
        if request.get("call") == "upgrade":
            raise calls.CallError("it cannot be executed anew")
        answer = super().call(request, watcher)
        if request.get("call") == "hello":
            return {**answer, "protocol": calls.PROTOCOL + 1, "version": "99.0.0", "surprise": [1]}
        return answer


if __name__ == "__main__":
    spoken = OlderCalls if sys.argv.pop() == "older" else NewerCalls
    setattr(__main__, "Calls", spoken)  # noqa: B010 - to the type checker it is a constant
    sys.exit(__main__.main())
