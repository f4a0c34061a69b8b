"""From an address to what answers there: a tree of path segments, in which a word goes before a parameter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

Found = TypeVar("Found")


class Router(Generic[Found]):
    """The tree. Looking an address up takes as long as it has segments, however many there are in the tree."""

    def __init__(self, routes: Mapping[str, Found]) -> None:
        self._root: _Node[Found] = _Node()
        for path, found in routes.items():
            self._root.add(path, found)

    def find(self, path: str) -> tuple[Found, dict[str, str]] | None:
        """Return what is at an address, and the parameters in it. A slash at the end means nothing."""
        node: _Node[Found] | None = self._root
        values = []
        for segment in _segments(path):
            assert node is not None
            word = node.words.get(segment)
            if word is None:
                values.append(segment)
            node = word or node.parameter
            if node is None:
                return None
        if node is None or node.found is None:
            return None
        return node.found, dict(zip(node.names, values, strict=True))


class _Node(Generic[Found]):
    def __init__(self) -> None:
        self.words: dict[str, _Node[Found]] = {}
        self.parameter: _Node[Found] | None = None
        self.found: Found | None = None
        self.names: tuple[str, ...] = ()

    def add(self, path: str, found: Found) -> None:
        node = self
        names = []
        for segment in _segments(path):
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.words.setdefault(segment, _Node())
        node.found, node.names = found, tuple(names)


def _segments(path: str) -> Iterable[str]:
    return path.removeprefix("/").removesuffix("/").split("/")
