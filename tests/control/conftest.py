import pytest

from engineroom.control.loops import reconciler, recorder


@pytest.fixture(autouse=True)
def _short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciler, "FULL_PASS_SECONDS", 0.1)
    monkeypatch.setattr(reconciler, "_RETRY_SECONDS", 0.02)
    monkeypatch.setattr(recorder, "_CHECK_SECONDS", 0.02)
    monkeypatch.setattr(recorder, "_RETRY_SECONDS", 0.02)
    monkeypatch.setattr(recorder, "_GATHER_SECONDS", 0.002)
