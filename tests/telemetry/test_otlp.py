"""Without its libraries, export to a collector says what to install."""

import sys

import pytest

from engineroom.telemetry.otlp import CollectorError, OtlpCollector


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    with pytest.raises(CollectorError, match=r"pip install engineroom\[otlp\]"):
        OtlpCollector("http://127.0.0.1:4318")
