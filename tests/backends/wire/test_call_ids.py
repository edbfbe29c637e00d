"""Every call has one id in a request, and its result the same one."""

from hypothesis import given
from hypothesis import strategies as st

from loopbus.backends.wire.call_ids import CallIds
from loopbus.events.content import ToolCall, ToolResult

IDS = st.sampled_from(["", "a", "b", "1.0", "call_0", "call_1", "x" * 41])


def result(call_id: str, provider_id: str = "") -> ToolResult:
    """The answer to a call."""
    return ToolResult(call_id, "add", "42", provider_id=provider_id)


def test_a_providers_own_id_goes_back_as_it_came() -> None:
    """However long it is: some providers hide state in it."""
    ids = CallIds()
    assert ids.of_call(ToolCall("1.0", "add", provider_id="p" * 200)) == "p" * 200
    assert ids.of_result(result("1.0")) == "p" * 200


def test_without_one_ours_is_sent_if_it_is_short_enough() -> None:
    """OpenAI refuses more than 40 characters."""
    ids = CallIds()
    assert ids.of_call(ToolCall("1.0", "add")) == "1.0"
    assert ids.of_call(ToolCall("x" * 41, "add")) == "call_1"
    assert ids.of_result(result("x" * 41)) == "call_1"
    assert ids.of_result(result("1.0")) == "1.0"


def test_results_find_their_calls_by_our_id_whatever_their_order() -> None:
    """Tools end in any order."""
    ids = CallIds()
    for name in "abc":
        ids.of_call(ToolCall(name, "add", provider_id="same"))
    found = {name: ids.of_result(result(name)) for name in "cab"}
    assert len(set(found.values())) == 3
    assert found["a"] == "same"


def test_a_result_whose_call_is_unknown_answers_the_first_that_is_open() -> None:
    """A history from elsewhere may have lost our ids; its order is still right."""
    ids = CallIds()
    ids.of_call(ToolCall("a", "add", provider_id="p"))
    assert ids.of_result(result("other")) == "p"
    assert ids.of_result(result("orphan", "q")) == "q"


@given(st.lists(st.lists(st.tuples(IDS, IDS), min_size=1, max_size=4), max_size=4))
def test_ids_are_unique_and_always_the_same(turns: list[list[tuple[str, str]]]) -> None:
    """Empty, repeated and colliding ids: every call still has its own, each result finds it, and again the same."""

    def written() -> list[str]:
        ids, seen = CallIds(), list[str]()
        for turn in turns:
            asked = [ids.of_call(ToolCall(call_id, "add", provider_id=provider_id)) for call_id, provider_id in turn]
            answered = [ids.of_result(result(call_id)) for call_id, _ in turn]
            assert answered == asked
            seen += asked
        return seen

    first = written()
    assert len(set(first)) == len(first)
    assert all(first)
    assert written() == first


def test_ids_are_written_in_the_letters_that_a_wire_takes() -> None:
    """Two that come to the same stay two, and each result still finds its call."""
    ids = CallIds(lambda wire_id: wire_id.replace(".", "_"))
    assert ids.of_call(ToolCall("1.0", "add")) == "1_0"
    second = ids.of_call(ToolCall("1_0", "add"))
    assert second != "1_0"
    assert ids.of_result(ToolResult("1_0", "add", "2")) == second
    assert ids.of_result(ToolResult("1.0", "add", "1")) == "1_0"
    assert ids.of_result(ToolResult("9.9", "add", "?")) == "9_9"


def test_an_id_that_is_too_long_is_replaced() -> None:
    """Another provider gave it; one that fits goes back as it came."""
    ids = CallIds(longest=9)
    assert ids.of_call(ToolCall("1.0", "add", provider_id="x" * 9)) == "x" * 9
    assert ids.of_call(ToolCall("1.1", "add", provider_id="x" * 10)) == "call_1"
    assert ids.of_result(ToolResult("1.1", "add", "1", provider_id="x" * 10)) == "call_1"
