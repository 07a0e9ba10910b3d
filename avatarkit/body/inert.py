"""A pickle read without running it: what would be looked up or called comes back as its name, arguments and state.

A pickle is a program for a stack machine whose instructions can call anything. This machine has the instructions that
build data; for the others it makes a `Made`, a note of what was asked for. Nothing is imported, nothing is called,
whatever the file says; an allow-list of names only gives strange files an early, readable refusal.
"""

from __future__ import annotations

import codecs
import struct
import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from avatarkit.errors import BadData

MOST_BYTES = 1 << 30
# Official files take a few thousand instructions. The bound holds time and memory, as each makes at most one object.
MOST_INSTRUCTIONS = 200_000
_LONGEST_NUMBER = 32
_LONGEST_KEY = 256
_DAMAGE = (IndexError, KeyError, ValueError, TypeError, OverflowError, DeprecationWarning, struct.error)


@dataclass(frozen=True, eq=False)
class Named:
    """A class or function that the pickle names, `module.name`; it was not looked up."""

    name: str


@dataclass(eq=False)
class Made:
    """What the pickle would make by calling `name` with `args`, and the state that it would then set."""

    name: str
    args: tuple[Any, ...]
    state: Any = field(default=None)


def read_inert(data: bytes, allowed: Collection[str]) -> Any:
    """The object of a pickle (protocols 0 to 5), out of dict, list, tuple, str, bytes, numbers, `Named` and `Made`.

    Strings of Python 2 come as bytes, dict keys as str, sets as lists, so that nothing is hashed. BadData for names
    outside `allowed`, for instructions that data does not need, for damage, and for more than 1 GiB or 200,000
    instructions.
    """
    if len(data) > MOST_BYTES:
        raise BadData(f"pickle: found {len(data)} bytes, expected at most {MOST_BYTES}")
    try:
        return _Machine(data, allowed).run()
    except _DAMAGE as error:
        raise BadData(f"pickle: damaged, or no pickle ({type(error).__name__}: {str(error)[:80]})") from error


class _Machine:
    def __init__(self, data: bytes, allowed: Collection[str]) -> None:
        self.data, self.allowed, self.at = data, allowed, 0
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []  # the stacks under each open mark
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        for _ in range(MOST_INSTRUCTIONS):
            code = self.take(1)
            if code == b".":
                return self.stack.pop()
            if code in _VALUES:
                value = _VALUES[code](self)  # first, as it may put another stack in place
                self.stack.append(value)
            elif code in _ACTIONS:
                _ACTIONS[code](self)
            else:
                raise BadData(f"pickle: found instruction {code!r} at byte {self.at - 1}, expected plain data: refused")
        raise BadData(f"pickle: found more than {MOST_INSTRUCTIONS} instructions, expected a file of arrays")

    def take(self, count: int) -> bytes:
        taken = self.data[self.at : self.at + count]
        if len(taken) < count:
            raise ValueError(f"{count} bytes announced at byte {self.at}, {len(taken)} there")
        self.at += count
        return taken

    def counted(self, width: int) -> bytes:
        return self.take(int.from_bytes(self.take(width), "little"))

    def line(self) -> bytes:
        end = self.data.index(b"\n", self.at)
        line, self.at = self.data[self.at : end], end + 1
        return line

    def number(self, parse: Callable[[bytes], Any]) -> Any:
        line = self.line()
        if len(line) > _LONGEST_NUMBER:
            raise ValueError(f"a number of {len(line)} digits")
        return parse(line)

    def until_mark(self) -> list[Any]:
        items, self.stack = self.stack, self.below.pop()
        return items

    def mark(self) -> None:
        self.below.append(self.stack)
        self.stack = []

    def named(self, module: str, name: str) -> None:
        full = f"{module}.{name}"
        if full not in self.allowed:
            raise BadData(f"pickle: asks for {full[:80]!r}, which no file of arrays needs: refused, nothing was run")
        self.stack.append(Named(full))

    def named_by_lines(self) -> None:
        self.named(self.line().decode("ascii"), self.line().decode("ascii"))

    def named_by_stack(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self.named(text(module), text(name))

    def call(self) -> None:
        args, what = self.stack.pop(), self.stack.pop()
        if not isinstance(what, Named) or not isinstance(args, tuple):
            raise ValueError("calls what is no name")
        empty_dict = what.name == "collections.OrderedDict" and not args
        self.stack.append({} if empty_dict else Made(what.name, args))

    def build(self) -> None:
        state, made = self.stack.pop(), self.stack[-1]
        if not isinstance(made, Made):
            raise ValueError("sets the state of what was not made")
        made.state = state

    def extend(self, items: list[Any]) -> None:
        if not isinstance(self.stack[-1], list):
            raise ValueError("appends to what is no list")
        self.stack[-1].extend(items)

    def put_in(self, items: list[Any]) -> None:
        if not isinstance(self.stack[-1], dict):
            raise ValueError("puts items into what is no dict")
        self.stack[-1].update(pairs(items))

    def tuple_of(self, count: int) -> None:
        if len(self.stack) < count:
            raise IndexError("stack too short")
        items = tuple(self.stack[-count:])
        del self.stack[-count:]
        self.stack.append(items)

    def remember(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    def append_one(self) -> None:
        item = self.stack.pop()
        self.extend([item])

    def put_one(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self.put_in([key, value])


def text(value: Any) -> str:
    """A string of either Python; ValueError for anything else."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, str):
        return value
    raise ValueError(f"found {type(value).__name__}, expected a string")


def key_of(value: Any) -> str | int:
    """A dict key: a short string or an integer of 64 bits. Hashing what else a pickle can nest may never end."""
    fits = abs(value) < 1 << 63 if isinstance(value, int) else len(value) <= _LONGEST_KEY
    if not fits:
        raise ValueError("a dict key that is too long")
    return value if isinstance(value, int) else text(value)


def pairs(items: list[Any]) -> dict[str | int, Any]:
    return {key_of(key): value for key, value in zip(items[::2], items[1::2], strict=True)}


def _quoted(line: bytes) -> bytes:
    """A Python 2 string literal, as protocol 0 writes them."""
    if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in b"'\"":
        raise ValueError("a string without quotes")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # an unknown escape is damage, not a matter for the user's screen
        return codecs.escape_decode(line[1:-1])[0]  # type: ignore[attr-defined]


def _integer(line: bytes) -> int | bool:
    # Protocol 0 writes truth as a number with a leading zero.
    return line == b"01" if line in (b"00", b"01") else int(line.rstrip(b"L"))


def _signed(data: bytes) -> int:
    if len(data) > 8:
        raise ValueError(f"an integer of {len(data)} bytes")
    return int.from_bytes(data, "little", signed=True)


_VALUES: dict[bytes, Callable[[_Machine], Any]] = {
    b"N": lambda m: None,
    b"\x88": lambda m: True,
    b"\x89": lambda m: False,
    b"I": lambda m: m.number(_integer),
    b"L": lambda m: m.number(_integer),
    b"F": lambda m: m.number(float),
    b"J": lambda m: _signed(m.take(4)),
    b"K": lambda m: m.take(1)[0],
    b"M": lambda m: int.from_bytes(m.take(2), "little"),
    b"\x8a": lambda m: _signed(m.counted(1)),
    b"G": lambda m: struct.unpack(">d", m.take(8))[0],
    b"S": lambda m: _quoted(m.line()),
    b"T": lambda m: m.counted(4),
    b"U": lambda m: m.counted(1),
    b"B": lambda m: m.counted(4),
    b"C": lambda m: m.counted(1),
    b"\x8e": lambda m: m.counted(8),
    b"\x96": lambda m: m.counted(8),
    b"V": lambda m: m.line().decode("raw-unicode-escape"),
    b"X": lambda m: m.counted(4).decode("utf-8", "surrogatepass"),
    b"\x8c": lambda m: m.counted(1).decode("utf-8", "surrogatepass"),
    b"\x8d": lambda m: m.counted(8).decode("utf-8", "surrogatepass"),
    b"]": lambda m: [],
    b"\x8f": lambda m: [],
    b"\x91": lambda m: m.until_mark(),
    b"}": lambda m: {},
    b")": lambda m: (),
    b"2": lambda m: m.stack[-1],
    b"g": lambda m: m.memo[m.number(int)],
    b"h": lambda m: m.memo[m.take(1)[0]],
    b"j": lambda m: m.memo[int.from_bytes(m.take(4), "little")],
    b"l": lambda m: m.until_mark(),
    b"t": lambda m: tuple(m.until_mark()),
    b"d": lambda m: pairs(m.until_mark()),
}
_ACTIONS: dict[bytes, Callable[[_Machine], Any]] = {
    b"\x80": lambda m: m.take(1),
    b"\x95": lambda m: m.take(8),
    b"(": _Machine.mark,
    b"0": lambda m: m.stack.pop(),
    b"1": lambda m: m.until_mark(),
    b"a": _Machine.append_one,
    b"e": lambda m: m.extend(m.until_mark()),
    b"\x90": lambda m: m.extend(m.until_mark()),
    b"s": _Machine.put_one,
    b"u": lambda m: m.put_in(m.until_mark()),
    b"\x85": lambda m: m.tuple_of(1),
    b"\x86": lambda m: m.tuple_of(2),
    b"\x87": lambda m: m.tuple_of(3),
    b"p": lambda m: m.remember(m.number(int)),
    b"q": lambda m: m.remember(m.take(1)[0]),
    b"r": lambda m: m.remember(int.from_bytes(m.take(4), "little")),
    b"\x94": lambda m: m.remember(len(m.memo)),
    b"c": _Machine.named_by_lines,
    b"\x93": _Machine.named_by_stack,
    b"R": _Machine.call,
    b"\x81": _Machine.call,
    b"b": _Machine.build,
}
