"""What a configuration calls, as far as it is known what that gives."""

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from engineroom.queues.laravel import text
from engineroom.queues.laravel.env import Env
from engineroom.queues.laravel.values import Array, UnreadableValue, Value, array, as_boolean, as_text

_STR = "Illuminate\\Support\\Str"
_ENV = "Illuminate\\Support\\Env"
_TRIMMED = " \t\n\r\0\x0b"
_MYSQL = {
    "ATTR_SSL_KEY": 1007,
    "ATTR_SSL_CERT": 1008,
    "ATTR_SSL_CA": 1009,
    "ATTR_SSL_VERIFY_SERVER_CERT": 1014,
}
"""PDO's own numbers, by which it knows its options (php_pdo_mysql_int.h)."""

Function = Callable[[list[Value]], Value]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a file of configuration can ask for: variables, and where the application and the file itself are."""

    env: Env
    application: Path
    file: Path

    def constant(self, name: str) -> Value:
        """Return what a constant says."""
        known: Mapping[str, Value] = {
            "true": True,
            "false": False,
            "null": None,
            "__dir__": str(self.file.parent),
            "__file__": str(self.file),
            "php_eol": "\n",
            "directory_separator": "/",
        }
        plain = name.lower().lstrip("\\")
        return known[plain] if plain in known else UnreadableValue(f"the constant {name}")

    def class_constant(self, of: str, name: str) -> Value:
        """Return what a constant of a class says."""
        if name == "class":
            return of
        option = name.removeprefix("MYSQL_") if of == "PDO" else name if of == "Pdo\\Mysql" else ""
        return _MYSQL.get(option, f"{of}::{name}")

    def called(self, name: str, arguments: list[Value]) -> Value:
        """Return what a function gives."""
        plain = name.lower().lstrip("\\")
        if plain in {"env", f"{_ENV}::get".lower()}:
            return self._env(arguments)
        if plain == "getenv" and len(arguments) == 1:
            return _getenv(self.env, arguments[0])
        folder = _FOLDERS.get(plain)
        if folder is not None:
            return _below(self.application / folder, arguments)
        return _called(name, _FUNCTIONS.get(plain), arguments)

    def _env(self, arguments: list[Value]) -> Value:
        name = arguments[0] if arguments else None
        if not isinstance(name, str):
            return UnreadableValue("env()")
        if name in self.env:
            return self.env.get(name)
        return arguments[1] if len(arguments) > 1 else None


_FOLDERS = {
    "base_path": "",
    "database_path": "database",
    "storage_path": "storage",
    "config_path": "config",
    "app_path": "app",
    "resource_path": "resources",
    "public_path": "public",
}


def _below(folder: Path, arguments: list[Value]) -> Value:
    inner = as_text(arguments[0]) if arguments else ""
    if isinstance(inner, UnreadableValue):
        return inner
    return str(folder) + ("/" + inner.lstrip("/") if inner else "")


def _called(name: str, function: Function | None, arguments: list[Value]) -> Value:
    unreadable = next((one for one in arguments if isinstance(one, UnreadableValue)), None)
    if function is None or unreadable is not None:
        return unreadable or UnreadableValue(f"{name}()")
    try:
        return function(arguments)
    except text.SpellingError as error:
        return UnreadableValue(f"{name}() of a name with other letters than ASCII's ({error})")
    except (IndexError, ValueError, TypeError):
        return UnreadableValue(f"{name}()")


def _getenv(env: Env, name: Value) -> Value:
    if not isinstance(name, str):
        return UnreadableValue("getenv()")
    found = env.raw(name)
    return False if found is None else found


def _text(value: Value) -> str:
    found = as_text(value)
    if isinstance(found, UnreadableValue):
        raise TypeError(found.reason)
    return found


def _array(value: Value) -> Array:
    if not isinstance(value, dict):
        raise TypeError("no array")
    return value


def _of_text(function: Callable[..., str]) -> Function:
    return lambda arguments: function(*map(_text, arguments))


def _array_filter(arguments: list[Value]) -> Value:
    if len(arguments) != 1:
        raise ValueError("array_filter with a function")
    kept: Array = {}
    for key, value in _array(arguments[0]).items():
        if as_boolean(value) is not False:
            kept[key] = value
    return kept


def _array_merge(arguments: list[Value]) -> Value:
    return merged(*map(_array, arguments))


def merged(*arrays: Array) -> Array:
    """Return what `array_merge` makes of arrays: texts as keys are replaced, integers are counted anew."""
    found: Array = {}
    count = 0
    for one in arrays:
        for key, value in one.items():
            if isinstance(key, int):
                found[count] = value
                count += 1
            else:
                found[key] = value
    return found


def _explode(arguments: list[Value]) -> Value:
    separator, joined = map(_text, arguments)
    return array(list(joined.split(separator)))


def _start(value: str, begin: str) -> str:
    return (
        begin + value.lstrip(begin)
        if len(begin) == 1
        else value
        if value.startswith(begin)
        else begin + value
    )


def _finish(value: str, end: str) -> str:
    return value.rstrip(end) + end if len(end) == 1 else value if value.endswith(end) else value + end


_FUNCTIONS: Mapping[str, Function] = {
    f"{_STR}::slug".lower(): _of_text(text.slug),
    f"{_STR}::snake".lower(): _of_text(text.snake),
    f"{_STR}::lower".lower(): _of_text(str.lower),
    f"{_STR}::upper".lower(): _of_text(str.upper),
    f"{_STR}::start".lower(): _of_text(_start),
    f"{_STR}::finish".lower(): _of_text(_finish),
    "strtolower": _of_text(lambda value: "".join(one.lower() if one.isascii() else one for one in value)),
    "strtoupper": _of_text(lambda value: "".join(one.upper() if one.isascii() else one for one in value)),
    "trim": _of_text(lambda value: value.strip(_TRIMMED)),
    "dirname": _of_text(posixpath.dirname),
    "array_filter": _array_filter,
    "array_merge": _array_merge,
    "explode": _explode,
    # Without the extension that it needs, a connection would not work for the application either.
    "extension_loaded": lambda _arguments: True,
}
