"""A file of configuration, `<?php return [...];`, read without running it.

What it says in constants, `env()` and the few functions of `functions.py` is known. Anything else is `Unreadable` where it
stands, and nothing but that: an unknown function beside a prefix does not make the prefix unknown.
"""

import operator
from collections.abc import Callable

from engineroom.queues.laravel.functions import Surroundings
from engineroom.queues.laravel.tokens import (
    Kind,
    PhpToken,
    SyntaxUnknownError,
    lines_of,
    number,
    string,
    tokens,
)
from engineroom.queues.laravel.values import (
    Array,
    Key,
    UnreadableValue,
    Value,
    as_boolean,
    as_integer,
    as_key,
    as_text,
)

_DEEPEST = 40
_OPENING = {"(": ")", "[": "]", "{": "}"}
_STRENGTH = {
    "??": 2,
    "||": 3,
    "&&": 4,
    "==": 5,
    "!=": 5,
    "===": 5,
    "!==": 5,
    "<": 6,
    ">": 6,
    "<=": 6,
    ">=": 6,
    ".": 7,
    "+": 8,
    "-": 8,
    "*": 9,
}
_OF_INTEGERS: dict[str, Callable[[int, int], Value]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_CASTS: dict[str, Callable[[Value], Value]] = {
    "string": as_text,
    "int": as_integer,
    "integer": as_integer,
    "bool": as_boolean,
    "boolean": as_boolean,
}


def read(source: str, around: Surroundings) -> Value:
    """Return what the file returns."""
    name, line = around.file.name, lines_of(source)
    try:
        return _Reader(tokens(source), around, lambda offset: f"in line {line(offset)} of {name}").file()
    except SyntaxUnknownError as error:
        return UnreadableValue(
            f"{error} in line {line(error.offset)} of {name}, which is not read without PHP"
        )


class _Reader:
    """Goes through the words of one file, once."""

    def __init__(self, words: list[PhpToken], around: Surroundings, where: Callable[[int], str]) -> None:
        self._words = words
        self._around = around
        self._where = where
        self._at = 0
        self._depth = 0
        self._imported: dict[str, str] = {}
        self._variables: dict[str, Value] = {}

    def file(self) -> Value:
        """Return what its `return` says."""
        while not self._takes("return"):
            self._statement()
        return self._recovering(self._expression, (";",))

    def _statement(self) -> None:
        word = self._next()
        match word.text.lower():
            case "use":
                self._import()
            case "declare" | "namespace":
                self._skip_to((";",))
            case _ if word.kind is Kind.VARIABLE and self._takes("="):
                self._variables[word.text] = self._recovering(self._expression, (";",))
            case _:
                raise SyntaxUnknownError(word.offset, repr(word.text))
        self._expect(";")

    def _import(self) -> None:
        name = self._next()
        if name.kind is Kind.NAME and self._peek().text in {";", "as"}:
            full = name.text.lstrip("\\")
            short = self._next().text if self._takes("as") else full.rpartition("\\")[2]
            self._imported[short.lower()] = full
        else:
            self._skip_to((";",))

    # Expressions, the weakest first.

    def _expression(self) -> Value:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise SyntaxUnknownError(self._peek().offset, "too much nesting")
        value = self._binary(0)
        while self._peek().text in {"?", "?:"}:
            value = self._choice(value)
        self._depth -= 1
        return value

    def _choice(self, condition: Value) -> Value:
        holds = as_boolean(condition)
        if self._takes("?:"):
            other = self._binary(0)
            return holds if isinstance(holds, UnreadableValue) else condition if holds else other
        self._expect("?")
        first = condition if self._peek().text == ":" else self._expression()
        self._expect(":")
        second = self._binary(0)
        if isinstance(holds, UnreadableValue):
            # Whichever it is, it is the same.
            return first if first == second and type(first) is type(second) else holds
        return first if holds else second

    def _binary(self, weakest: int) -> Value:
        value = self._unary()
        while (strength := _STRENGTH.get(self._peek().text, 0)) > weakest:
            sign = self._next()
            # `??` alone groups from the right.
            value = self._joined(sign, value, self._binary(strength - (sign.text == "??")))
        return value

    def _joined(self, sign: PhpToken, left: Value, right: Value) -> Value:
        if isinstance(left, UnreadableValue):
            return left
        if sign.text == "??":
            return right if left is None else left
        if sign.text in {"||", "&&"}:
            return _logical(sign.text, left, right)
        if isinstance(right, UnreadableValue):
            return right
        found = _calculated(sign.text, left, right)
        return self._unreadable(sign, f"{sign.text} of such values") if found is None else found

    def _unary(self) -> Value:
        word = self._peek()
        if word.text == "!":
            self._next()
            holds = as_boolean(self._unary_deeper())
            return holds if isinstance(holds, UnreadableValue) else not holds
        if word.text == "-":
            self._next()
            value = self._unary_deeper()
            return -value if isinstance(value, int | float) else self._unreadable(word, "-")
        if word.text == "(" and self._words[self._at + 1].text.lower() in _CASTS and self._ahead(2) == ")":
            cast = _CASTS[self._words[self._at + 1].text.lower()]
            self._at += 3
            return cast(self._unary_deeper())
        return self._postfixed(self._primary())

    def _unary_deeper(self) -> Value:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise SyntaxUnknownError(self._peek().offset, "too much nesting")
        value = self._unary()
        self._depth -= 1
        return value

    def _postfixed(self, value: Value) -> Value:
        while self._takes("["):
            key = as_key(self._expression())
            self._expect("]")
            if isinstance(value, dict) and not isinstance(key, UnreadableValue):
                value = value.get(key)
            else:
                value = self._unreadable(self._peek(), "a part of something unknown")
        return value

    def _primary(self) -> Value:
        word = self._next()
        match word.kind:
            case Kind.SINGLE | Kind.DOUBLE:
                return self._placed(word, string(word))
            case Kind.NUMBER:
                return self._placed(word, number(word))
            case Kind.VARIABLE:
                return self._variable(word)
            case Kind.NAME:
                return self._named(word)
            case _ if word.text == "[":
                return self._array("]")
            case _ if word.text == "(":
                value = self._expression()
                self._expect(")")
                return value
        raise SyntaxUnknownError(word.offset, repr(word.text[:20]))

    def _variable(self, word: PhpToken) -> Value:
        if self._takes("("):
            self._arguments()
            return self._unreadable(word, f"{word.text}()")
        return self._variables.get(word.text, self._unreadable(word, word.text))

    def _named(self, word: PhpToken) -> Value:
        if word.text.lower() == "array" and self._takes("("):
            return self._array(")")
        if self._takes("::"):
            return self._of_class(word)
        if self._takes("("):
            return self._placed(word, self._around.called(word.text, self._arguments()))
        if word.text.lower() in {"fn", "function", "static", "new", "match", "throw"}:
            raise SyntaxUnknownError(word.offset, repr(word.text))
        return self._placed(word, self._around.constant(word.text))

    def _of_class(self, word: PhpToken) -> Value:
        of, name = self._full(word.text), self._next()
        if self._takes("("):
            return self._placed(word, self._around.called(f"{of}::{name.text}", self._arguments()))
        return self._placed(word, self._around.class_constant(of, name.text))

    def _full(self, name: str) -> str:
        """Return the full name of a class."""
        if name.startswith("\\"):
            return name[1:]
        first, separator, rest = name.partition("\\")
        return self._imported.get(first.lower(), first) + separator + rest

    def _arguments(self) -> list[Value]:
        found: list[Value] = []
        while not self._takes(")"):
            found.append(self._recovering(self._expression, (",", ")")))
            if not self._takes(","):
                self._expect(")")
                break
        return found

    def _array(self, closing: str) -> Value:
        found: Array = {}
        trouble: UnreadableValue | None = None
        count = 0
        while not self._takes(closing):
            key, value = self._element(closing)
            if isinstance(key, UnreadableValue):
                # It may be any key, so nothing of this array is known for certain.
                trouble = key
            else:
                place = count if key is None else key
                found[place] = value
                count = max(count, place + 1) if isinstance(place, int) else count
            if not self._takes(","):
                self._expect(closing)
                break
        return trouble or found

    def _element(self, closing: str) -> tuple[Key | UnreadableValue | None, Value]:
        """Return key and value of an element; a key of None is the next integer."""
        if self._peek().text == "...":
            self._skip_to((",", closing))
            return self._unreadable(self._peek(), "..."), None
        value = self._recovering(self._expression, (",", closing, "=>"))
        if not self._takes("=>"):
            return None, value
        return as_key(value), self._recovering(self._expression, (",", closing))

    # Words.

    def _recovering(self, reads: Callable[[], Value], ends: tuple[str, ...]) -> Value:
        """Return what is read up to one of the ends; what stands there and is not understood is passed over."""
        begin, depth = self._at, self._depth
        try:
            value = reads()
            if self._peek().text in ends:
                return value
            trouble = self._peek()
        except SyntaxUnknownError as error:
            trouble = PhpToken(Kind.MARK, str(error), error.offset)
        self._at, self._depth = begin, depth
        self._skip_to(ends)
        return self._unreadable(trouble, trouble.text[:40])

    def _skip_to(self, ends: tuple[str, ...]) -> None:
        closing: list[str] = []
        while closing or self._peek().text not in ends:
            word = self._next()
            if word.kind is Kind.MARK and word.text in _OPENING:
                closing.append(_OPENING[word.text])
            elif (
                word.kind is Kind.MARK
                and word.text in _OPENING.values()
                and (not closing or closing.pop() != word.text)
            ):
                raise SyntaxUnknownError(word.offset, repr(word.text))

    def _peek(self) -> PhpToken:
        return self._words[self._at]

    def _ahead(self, count: int) -> str:
        return self._words[min(self._at + count, len(self._words) - 1)].text

    def _next(self) -> PhpToken:
        word = self._peek()
        if word.kind is Kind.END:
            raise SyntaxUnknownError(word.offset, "the end")
        self._at += 1
        return word

    def _takes(self, text: str) -> bool:
        taken = self._peek().text.lower() == text and self._peek().kind in {Kind.MARK, Kind.NAME}
        self._at += taken
        return taken

    def _expect(self, text: str) -> None:
        if not self._takes(text):
            raise SyntaxUnknownError(self._peek().offset, repr(self._peek().text[:20]))

    def _placed(self, word: PhpToken, value: Value) -> Value:
        """Return the value; what cannot be told says where it stands."""
        if isinstance(value, UnreadableValue) and " line " not in value.reason:
            return self._unreadable(word, value.reason)
        return value

    def _unreadable(self, word: PhpToken, what: str) -> UnreadableValue:
        return UnreadableValue(f"{what} {self._where(word.offset)}")


def _logical(sign: str, left: Value, right: Value) -> Value:
    first, second = as_boolean(left), as_boolean(right)
    if isinstance(first, UnreadableValue) or first is (sign == "||"):
        return first
    return second


def _calculated(sign: str, left: Value, right: Value) -> Value:
    """Return what an operation gives; None where that is not known."""
    if sign == ".":
        first, second = as_text(left), as_text(right)
        if isinstance(first, UnreadableValue) or isinstance(second, UnreadableValue):
            return None
        return first + second
    if sign in {"===", "!=="}:
        return (left == right and type(left) is type(right)) is (sign == "===")
    if sign == "+" and isinstance(left, dict) and isinstance(right, dict):
        return {**right, **left}
    return _compared(sign, left, right)


def _compared(sign: str, left: Value, right: Value) -> Value:
    if type(left) is not type(right):
        return None
    if sign in {"==", "!="} and not isinstance(left, str):
        return (left == right) is (sign == "==")
    if not isinstance(left, int) or not isinstance(right, int) or isinstance(left, bool):
        return None
    return _OF_INTEGERS[sign](left, right) if sign in _OF_INTEGERS else None
