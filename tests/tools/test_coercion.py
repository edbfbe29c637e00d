"""From anything a tool returns to what a model reads."""

import collections
import dataclasses
import datetime
import decimal
import enum
import itertools
import json
import math
import pathlib
import subprocess
import sys
import timeit
import types
import uuid
from collections.abc import Callable
from time import process_time
from typing import Any, NamedTuple, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, RootModel, SecretStr, computed_field, field_serializer
from pydantic.dataclasses import dataclass as pydantic_dataclass

from loopbus.events.content import Audio, File, Image, Text
from loopbus.tools import Rendered, Unencodable, render
from loopbus.tools.coercion import LARGEST_PART


class Color(enum.Enum):
    RED = "red"


class Word(enum.StrEnum):
    HI = "hi"


class Level(enum.IntEnum):
    LOW = 1


class Odd(enum.Enum):
    SELF = object()


@dataclasses.dataclass(frozen=True, slots=True)
class Point:
    x: int
    marks: set[str] = dataclasses.field(default_factory=set[str])


class Pair(NamedTuple):
    left: int
    right: set[str]


class Account(BaseModel):
    model_config = ConfigDict(extra="allow")
    owner: str
    key: SecretStr = SecretStr("hunter2")
    lines: list[int] = []

    @computed_field
    @property
    def length(self) -> int:
        """So many lines."""
        return len(self.lines)

    @field_serializer("owner")
    def masked(self, owner: str) -> str:
        """Only the first letter is told."""
        return owner[:1]


class Numbers(RootModel[list[int]]):
    pass


@pydantic_dataclass
class Masked:
    name: str

    @field_serializer("name")
    def masked(self, name: str) -> str:
        """Not told."""
        return "***"


COERCED: list[tuple[object, str]] = [
    ('as it is: "quoted", é, \x00', 'as it is: "quoted", é, \x00'),
    ("", ""),
    (Word.HI, "hi"),
    (b"bytes that are text: \xc3\xa9", "bytes that are text: é"),
    (bytearray(b"x"), "x"),
    (memoryview(b"x"), "x"),
    (Text("a block"), "a block"),
    (None, "null"),
    (True, "true"),
    (42, "42"),
    (10**200, "1" + "0" * 200),
    (-0.0, "-0.0"),
    (math.nan, '"NaN"'),
    ([math.inf, -math.inf], '["Infinity","-Infinity"]'),
    (decimal.Decimal("1.10"), '"1.10"'),
    (datetime.datetime(2026, 11, 21, 3), '"2026-11-21T03:00:00"'),
    (datetime.timedelta(days=1), '"P1D"'),
    (uuid.UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
    (pathlib.PurePosixPath("a/b"), '"a/b"'),
    (pathlib.PureWindowsPath("a"), '"a"'),
    (Color.RED, '"red"'),
    (Level.LOW, "1"),
    ([], "[]"),
    (["a", b"b", None, (1, 2.5)], '["a","b",null,[1,2.5]]'),
    ({"a": {"b": Color.RED}, 1: 2, None: 3}, '{"a":{"b":"red"},"1":2,"None":3}'),
    ({"b", "a", "c"}, '["a","b","c"]'),
    (frozenset({frozenset({2, 1}), frozenset({0})}), "[[0],[1,2]]"),
    ({1, "a", None}, '["a",1,null]'),
    (Point(1, {"b", "a"}), '{"x":1,"marks":["a","b"]}'),
    (Pair(1, {"b", "a"}), '[1,["a","b"]]'),
    (
        Account.model_validate({"owner": "ann", "more": 1}),
        '{"owner":"a","key":"**********","lines":[],"more":1,"length":0}',
    ),
    ([Account(owner="ann")], '[{"owner":"a","key":"**********","lines":[],"length":0}]'),
    (Numbers([1, 2]), "[1,2]"),
    (Masked("ann"), '{"name":"***"}'),
    (types.MappingProxyType({"a": 1}), '{"a":1}'),
    (collections.OrderedDict(a=[1]), '{"a":[1]}'),
    (collections.Counter("aab"), '{"a":2,"b":1}'),
    (collections.UserDict({"a": 1}), '{"a":1}'),
    (collections.deque([1, {2}]), "[1,[2]]"),
    (range(3), "[0,1,2]"),
    ({"a": 1}.keys(), '["a"]'),
    ({"a": 1}.values(), "[1]"),
    ({"a": 1}.items(), '[["a",1]]'),
]


@pytest.mark.parametrize(("value", "text"), COERCED, ids=[type(value).__name__ for value, _ in COERCED])
def test_the_one_documented_coercion(value: object, text: str) -> None:
    """Each kind of value has one text, nothing is left out, and its size is told in bytes."""
    assert render(value) == Rendered(text, (), False, len(text.encode()))


PNG = Image("image/png", b"\x89PNG")
WAV = Audio("audio/wav", url="https://example.org/a.wav")


@pytest.mark.parametrize(
    ("value", "rendered"),
    [
        (PNG, Rendered("", (PNG,), False, 4)),
        (WAV, Rendered("", (WAV,), False, 0)),
        (b"\xff\xfe", Rendered("", (File("application/octet-stream", b"\xff\xfe"),), False, 2)),
        (memoryview(b"\xff"), Rendered("", (File("application/octet-stream", b"\xff"),), False, 1)),
        (["look", PNG, Text("there"), WAV], Rendered("look\nthere", (PNG, WAV), False, 14)),
        ((Text("a"), Text("b")), Rendered("a\nb", (), False, 3)),
    ],
)
def test_media_stand_beside_the_text(value: object, rendered: Rendered) -> None:
    """Content blocks, alone or in a list, become parts; bytes that are no text become a file."""
    assert render(value) == rendered


def test_media_too_large_for_any_provider_are_left_out_and_said() -> None:
    """The text names what it was, and how large."""
    large = File("application/pdf", b"x" * (LARGEST_PART + 1))
    said = "[application/pdf of 20,971,521 bytes left out: a part may have 20,971,520]"
    assert render([Text("here:"), large]) == Rendered(f"here:\n{said}", (), True, len(f"here:\n{said}") + 20_971_521)
    assert render(b"\xff" * (LARGEST_PART + 1)).text.startswith("[application/octet-stream of 20,971,521 bytes")


class Bad:
    pass


def circle() -> list[Any]:
    """A list that holds a dict that holds the list."""
    one: list[Any] = [0]
    one.append({"back": one})
    return one


def deep(levels: int) -> list[Any]:
    """Lists in lists."""
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


async def forgotten() -> None:
    """Somebody did not await it."""


REFUSED: list[tuple[object, str]] = [
    (object(), "result: object is not JSON"),
    (Bad, "result: type is not JSON"),
    (ValueError("x"), "result: ValueError is not JSON"),
    (Odd.SELF, "result: Odd is not JSON"),
    ({"items": [0, 1, 2, {"owner": Bad()}]}, "result.items[3].owner: Bad is not JSON"),
    ({"two words": Bad()}, 'result["two words"]: Bad is not JSON'),
    ({5: [Bad()]}, "result[5][0]: Bad is not JSON"),
    ({(1, 2): [Bad()]}, "result[tuple][0]: Bad is not JSON"),
    ({Bad(): 1}, "result, key Bad: Bad is not JSON"),
    ({b"\xff": 1}, "result, key bytes: these bytes are no UTF-8"),
    (Point(1, {Bad()}), "result.marks[0]: Bad is not JSON"),  # type: ignore[arg-type]
    (Pair(Bad(), set()), "result[0]: Bad is not JSON"),  # type: ignore[arg-type]
    ([Account.model_construct(owner="a", lines=[Bad()])], "result[0].lines[0]: Bad is not JSON"),
    (circle(), "result[1].back: it contains itself"),
    (deep(101), "nested deeper than 100 levels"),
    (deep(5000), "nested deeper than 100 levels"),
    ("a\ud800", "result: it holds half of a surrogate pair"),
    ([["a", "\ud800"]], "result[0][1]: it holds half of a surrogate pair"),
    ({"\ud800": 1}, r'result, key "\ud800": it holds half of a surrogate pair'),
    ([PNG, "fine", "\ud800"], "result[2]: it holds half of a surrogate pair"),
    ([b"\xff"], "result[0]: these bytes are no UTF-8; return a loopbus File"),
    ({"a": PNG}, "result.a.data: these bytes are no UTF-8"),
    ([PNG, {"a": 1}], "result[1]: dict between content blocks; return texts and blocks alone, or JSON alone"),
    (itertools.count(), "result: count cannot be written as JSON: it can be read only once, and may never end"),
    ({"rows": (row for row in "ab")}, "result.rows: generator cannot be written as JSON: it can be read only once"),
    ([10**1_000_000], "result[0]: int cannot be written as JSON: an integer of 3,321,929 bits is too long"),
    (10**1_000_000, "result: int cannot be written as JSON"),
]


@pytest.mark.parametrize(("value", "text"), REFUSED, ids=[text for _, text in REFUSED])
def test_what_cannot_be_encoded_is_refused_by_its_place(value: object, text: str) -> None:
    """The error names the part at fault and what is wrong with it."""
    with pytest.raises(Unencodable) as caught:
        render(value)
    assert text in str(caught.value)
    assert str(caught.value).startswith(caught.value.path)
    assert str(caught.value).encode()
    assert len(str(caught.value)) < 400


def test_a_coroutine_that_nobody_awaited_is_named() -> None:
    """The usual slip, with its remedy."""
    value = forgotten()
    with pytest.raises(Unencodable, match=r"result\.x: coroutine is not JSON; await it before you return it"):
        render({"x": value})
    value.close()


def test_a_serializer_of_the_users_may_raise_anything() -> None:
    """It becomes a typed error that names the model."""

    class Broken(BaseModel):
        x: int

        @field_serializer("x")
        def fail(self, x: int) -> int:
            raise RuntimeError("no")

    with pytest.raises(Unencodable, match=r"result\[1\]: Broken cannot be written as JSON: .*no"):
        render([1, Broken(x=1)])


def test_depth_has_a_limit_that_is_not_pythons() -> None:
    """A hundred levels are fine."""
    assert render(deep(100)).text == "[" * 100 + "]" * 100


@pytest.mark.parametrize(
    ("value", "cap", "text", "size"),
    [
        ("abcdef", 4, "abcd… [truncated: 6 bytes in all, 4 shown]", 6),
        ("aéé", 4, "aé… [truncated: 5 bytes in all, 3 shown]", 5),
        ("abc", 0, "… [truncated: 3 bytes in all, 0 shown]", 3),
        (12345, 3, "123… [truncated: 5 bytes in all, 3 shown]", 5),
        (b"abcdef", 4, "abcd… [truncated: 6 bytes in all, 4 shown]", 6),
        ({"a": 1}, 4, '{"a"… [truncated: 7 bytes in all, 4 shown]', 7),
        (["é"], 3, '["… [truncated: 6 bytes in all, 2 shown]', 6),
        ([Text("abc"), Text("def"), PNG], 5, "abc\nd… [truncated: 7 bytes in all, 5 shown]", 11),
    ],
)
def test_what_is_too_long_is_cut_and_says_so(value: object, cap: int, text: str, size: int) -> None:
    """At the cap, between two characters, with how much there was and how much is shown."""
    rendered = render(value, cap)
    assert (rendered.text, rendered.truncated, rendered.full_size) == (text, True, size)


@pytest.mark.parametrize("value", ["abcd", 1234, b"abcd", [12], "éé"])
def test_what_just_fits_is_whole(value: object) -> None:
    """The cap itself is allowed."""
    assert not render(value, 4).truncated


class Plain(BaseModel):
    key: SecretStr
    lines: list[int]
    path: pathlib.Path = pathlib.Path("a")


def test_models_are_cut_behind_their_serializers() -> None:
    """A secret stays one, each type is written as ever, and the model itself is not touched."""
    plain = Plain(key=SecretStr("hunter2"), lines=list(range(100_000)))
    rendered = render({"plain": plain})
    assert rendered.text.startswith('{"plain":{"key":"**********","lines":[0,1,2')
    assert "[truncated: about " in rendered.text
    assert len(plain.lines) == 100_000


def test_a_model_that_computes_what_it_shows_is_cut_only_as_text() -> None:
    """Its numbers are those of the whole; one too large to be written whole is refused."""
    account = Account(owner="a" * 100_000, lines=[1] * 50_000)
    rendered = render({"account": account})
    assert rendered.text.startswith('{"account":{"owner":"a","key":"**********","lines":[1,1,1')
    assert rendered.full_size == len(account.model_dump_json()) + len('{"account":}')
    with pytest.raises(Unencodable, match=r"result\.account: Account cannot be written as JSON: it has serializers"):
        render({"account": Account(owner="a", lines=[1] * 1_000_000)})


MILLION = 1_000_000
HUGE: dict[str, Callable[[], tuple[object, int]]] = {
    "ascii": lambda: ("x" * (100 * MILLION), 100 * MILLION),
    "latin": lambda: ("é" * (50 * MILLION), 100 * MILLION),
    "chinese": lambda: ("漢" * (33 * MILLION), 99 * MILLION),
    "bytes": lambda: (b"x" * (100 * MILLION), 100 * MILLION),
    "binary": lambda: (b"\xff" * (100 * MILLION), 100 * MILLION),
    "texts": lambda: (["x" * 1000] * 100_000, 100 * MILLION),
    "one text": lambda: (["x" * (100 * MILLION)], 100 * MILLION),
    "key": lambda: ({"x" * MILLION: 1}, MILLION),
    "list": lambda: ([12_345_678] * (10 * MILLION), 90 * MILLION),
    "range": lambda: (range(10**9), 10**10),
    "dict": lambda: (dict.fromkeys(range(MILLION)), 14 * MILLION),
    "set": lambda: (set(range(MILLION)), 7 * MILLION),
    "records": lambda: ([{"id": 1, "name": "x" * 20, "tags": ["a", "b"]}] * MILLION, 52 * MILLION),
    "model": lambda: (Numbers([123_456] * (2 * MILLION)), 14 * MILLION),
    "dataclass": lambda: (Point(1, {str(number) for number in range(MILLION)}), 9 * MILLION),
    "bits": lambda: ([[[[True] * 1000] * 1000] * 10], 50 * MILLION),
}


@pytest.mark.parametrize("kind", HUGE)
def test_huge_values_do_not_block_the_loop(kind: str) -> None:
    """Whatever is returned, it takes under 100 ms of this thread, and the size told is of the right order."""
    value, size = HUGE[kind]()
    rendered = render(value)
    assert min(timeit.repeat(lambda: render(value), timer=process_time, number=1, repeat=3)) < 0.1
    assert rendered.truncated
    assert len(rendered.text.encode()) < 65_536 + 100
    assert ("about" in rendered.text) == (kind not in {"ascii", "bytes", "binary"})
    assert size / 3 < rendered.full_size < size * 3


def test_small_values_are_cheap() -> None:
    """An int or a short text costs a few dictionary look-ups: measured against one, so that any machine will do."""

    def cost(work: Callable[[], object]) -> float:
        return min(timeit.repeat(work, timer=process_time, number=2000, repeat=20))

    assert cost(lambda: render(42)) < 12 * cost(lambda: str(42))
    assert cost(lambda: render("short")) < 12 * cost(lambda: str(42))


def test_the_order_of_a_set_does_not_change_from_process_to_process() -> None:
    """What a model was told can be told again, byte for byte, whatever the hash seed."""
    program = "from loopbus.tools import render; print(render({'sets': [{'a', 'b', 'c', None, 'd'}]}).text)"
    texts = {
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert texts == {'{"sets":[["a","b","c","d",null]]}\n'}


any_text = st.text(st.characters())
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner) | st.dictionaries(any_text, inner) | st.lists(inner).map(tuple),
    max_leaves=20,
)


def finite(value: Any) -> Any:
    """``value`` as ``render`` writes it: what is no number in JSON as its name, tuples as lists."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, list | tuple):
        return [finite(item) for item in cast(list[Any], value)]
    if isinstance(value, dict):
        return {key: finite(item) for key, item in cast(dict[str, Any], value).items()}
    return value


def encodable(value: object) -> bool:
    """Whether no part holds half of a surrogate pair."""
    return not any(0xD800 <= ord(letter) <= 0xDFFF for letter in json.dumps(value, ensure_ascii=False))


@given(any_json, st.integers(0, 60) | st.just(65_536))
@example({"\ud800": ["\udfff"]}, 65_536)
def test_any_json_value_is_told_or_refused(value: Any, cap: int) -> None:
    """Read back, it is the value; cut, it is the beginning of it; it can always be stored; else it is refused."""
    try:
        rendered = render(value, cap)
    except Unencodable:
        assert not encodable(value)
        return
    assert rendered.text.encode().decode() == rendered.text
    if rendered.truncated:
        shown, _, marker = rendered.text.rpartition("… [truncated: ")
        assert len(shown.encode()) <= cap
        assert marker.endswith(f"{len(shown.encode()):,} shown]")
        assert rendered.full_size > cap or "about" in marker
    else:
        assert encodable(value)
        assert len(rendered.text.encode()) == rendered.full_size <= cap
        whole = rendered.text if isinstance(value, str) else json.loads(rendered.text)
        assert whole == finite(value)


@given(any_json.filter(encodable), st.integers(0, 60))
def test_what_is_shown_of_a_cut_value_is_how_it_begins(value: Any, cap: int) -> None:
    """Cutting changes nothing before the cut."""
    whole, cut = render(value, 10**9), render(value, cap)
    assert whole.text.startswith(cut.text.rpartition("… [truncated: ")[0] if cut.truncated else whole.text)
