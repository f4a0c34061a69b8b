"""The figures in the text format that Prometheus reads (its exposition formats, version 0.0.4)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """Labels by name. `text` is how they are written, such as `a="1",b="2"`; the same ones stand at many metrics."""

    pairs: Mapping[str, str]
    text: str

    def and_(self, name: str, value: str) -> "Labels":
        """Return these labels and one more."""
        return Labels({**self.pairs, name: value}, f'{self.text},{name}="{_value(value)}"')


NO_LABELS = Labels({}, "")


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric with its values by labels. `name` ends with its unit, a counter's with `_total`; None is left out."""

    name: str
    type: str
    help: str
    values: Sequence[tuple[Labels, float | None]]


def exposition(metrics: Iterable[Metric]) -> bytes:
    """Return the metrics as they are scraped."""
    lines: list[str] = []
    for metric in metrics:
        lines.append(f"# HELP {metric.name} {_help(metric.help)}")
        lines.append(f"# TYPE {metric.name} {metric.type}")
        for labels, value in metric.values:
            if value is not None:
                text = labels.text
                lines.append(f"{metric.name}{{{text}}} {value!r}" if text else f"{metric.name} {value!r}")
    return "\n".join([*lines, ""]).encode()


def labelled(labels: Mapping[str, str]) -> Labels:
    """Return labels with how they are written."""
    return Labels(labels, ",".join(f'{name}="{_value(value)}"' for name, value in labels.items()))


def _value(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _help(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")
