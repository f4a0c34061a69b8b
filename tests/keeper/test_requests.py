"""What is no request is refused in words; what is one is a typed value."""

from typing import Any

import pytest

from engineroom.keeper import requests
from engineroom.keeper.cgroups.cgroups import CgroupLimits
from engineroom.keeper.processes.process import Spec
from engineroom.keeper.requests import RequestError

SPEC = {
    "id": "a",
    "argv": ["work"],
    "working_directory": "/",
    "environment": {},
    "signal_group": False,
    "labels": {},
}


def test_what_is_asked_for_is_a_value() -> None:
    limits = {"memory_bytes": 1, "cpus": 0.5, "processes": None}
    start = requests.StartRequest.parse(
        {"id": 1, "call": "start", "processes": [SPEC], "groups": {"g": limits}}
    )
    assert start == requests.StartRequest([Spec.parse(SPEC)], {"g": CgroupLimits(1, 0.5, None)})
    assert requests.StartRequest.parse({"processes": []}) == requests.StartRequest([], {})
    assert requests.StopRequest.parse({"ids": ["a"], "timeout_seconds": 1}) == requests.StopRequest(
        ["a"], 1.0, False, None
    )
    assert requests.Watch.parse({}) == requests.Watch(None, 0)
    assert requests.Watch.parse({"epoch": "e", "after": 3, "newer": []}) == requests.Watch("e", 3)


WRONG: list[tuple[Any, dict[str, Any], str]] = [
    (requests.StartRequest, {}, "lacks `processes`"),
    (requests.StartRequest, {"processes": {}}, "`processes` must be a list"),
    (requests.StartRequest, {"processes": [SPEC | {"stop_signal": []}]}, "`stop_signal` of a must be"),
    (requests.StartRequest, {"processes": [SPEC | {"argv": []}]}, "`argv` of a must be"),
    (requests.StartRequest, {"processes": [], "groups": [1]}, "`groups` must be an object"),
    (requests.Limit, {"groups": {"../a": {}}}, "no name of a group"),
    (requests.Limit, {"groups": {"a": {"memory_bytes": 1, "fun": 2}}}, "no other keys"),
    (requests.Limit, {"groups": {"a": {"memory_bytes": "1"}}}, "must be numbers"),
    (requests.Limit, {"groups": {"a": {"memory_bytes": 10**400}}}, "must be numbers"),
    (requests.Limit, {"groups": {"a": {"cpus": float("nan")}}}, "must be numbers"),
    (requests.StopRequest, {"ids": "a", "timeout_seconds": 1}, "`ids` must be"),
    (requests.StopRequest, {"ids": []}, "lacks `timeout_seconds`"),
    (requests.StopRequest, {"ids": [], "timeout_seconds": float("inf")}, "`timeout_seconds` must be"),
    (requests.StopRequest, {"ids": [], "timeout_seconds": True}, "`timeout_seconds` must be"),
    (requests.StopRequest, {"ids": [], "timeout_seconds": 1, "force": 1}, "`force` must be"),
    (requests.StopRequest, {"ids": [], "timeout_seconds": 1, "reason": 1}, "`reason` must be"),
    (requests.Adjust, {"manners": []}, "`manners` must be"),
    (requests.Watch, {"after": -1}, "`after` must be"),
    (requests.Watch, {"after": True}, "`after` must be"),
    (requests.Watch, {"epoch": 1}, "`epoch` must be"),
    (requests.WatchOutput, {"kept_bytes": 2**70}, "`kept_bytes` must be"),
    (requests.AcknowledgeOutput, {"upto": {"a": None}}, "`upto` must be"),
    (requests.AcknowledgeOutput, {"upto": []}, "`upto` must be"),
    (requests.Shutdown, {"timeout_seconds": -1}, "`timeout_seconds` must be"),
    (requests.Upgrade, {"python": ["sh"]}, "`python` must be"),
]


@pytest.mark.parametrize(("request_type", "fields", "said"), WRONG)
def test_what_is_none_is_refused_with_what_is_wrong(
    request_type: Any, fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(RequestError, match=said):
        request_type.parse(fields)
