"""The files of this repository, as the tests of the project see them."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "engineroom"

_NOT_OURS = frozenset(
    {
        ".git",
        ".hypothesis",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".venv",
        "__pycache__",
        "build",
        "dist",
        "node_modules",
    }
)


def files(folder: Path = ROOT) -> Iterator[Path]:
    """Return every file below `folder` that belongs to the repository, in the order of their names."""
    for path in sorted(folder.iterdir()):
        if path.name in _NOT_OURS or path.name.endswith(".egg-info") or path.is_symlink():
            continue
        if path.is_dir():
            yield from files(path)
        else:
            yield path


def texts() -> Iterator[tuple[str, str]]:
    """Return the name (from the root) and the text of every text file."""
    for path in files():
        try:
            yield path.relative_to(ROOT).as_posix(), path.read_text()
        except UnicodeDecodeError:
            continue


def text(name: str) -> str:
    """Return the text of the file of that name (from the root)."""
    return (ROOT / name).read_text()
