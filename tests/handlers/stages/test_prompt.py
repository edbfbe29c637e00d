"""What the model is asked: everything so far, and instructions where they are new."""

from loopbus.events import ModelRequested, TurnStarted, user
from loopbus.handlers.instructions import OfDeps
from loopbus.handlers.stages.prompt import Prompt

from ..fake_run import FakeRun, prompted


async def ask(run: FakeRun, instructions: OfDeps) -> ModelRequested:
    """Have the model asked."""
    turn = run.log[-1]
    assert isinstance(turn, TurnStarted)
    return await Prompt("openai:gpt-5.2", instructions)(turn, run)


async def test_the_request_says_what_the_model_is_shown_by_its_length() -> None:
    """The messages are in the log already, so they are counted and not repeated."""
    run = prompted(history=(user("before"), user("and then")))
    asked = await ask(run, "Be brief.")
    assert (asked.turn, asked.model, asked.messages, asked.first, asked.pinned) == (1, "openai:gpt-5.2", 3, 0, ())


async def test_instructions_are_told_once() -> None:
    """A request without instructions means: as in the request before."""
    run = prompted()
    assert run.take(await ask(run, "Be brief.")).instructions == "Be brief."
    run.take(TurnStarted(turn=2))
    assert (await ask(run, "Be brief.")).instructions is None


async def test_no_instructions_are_none_to_tell() -> None:
    """An agent without instructions has nothing in its requests."""
    assert (await ask(prompted(), "")).instructions is None


async def test_instructions_may_depend_on_who_asks() -> None:
    """A function of the run's ``deps`` is asked at each turn, and its answer told where it is another."""
    names = ["Ada"]
    run = prompted(deps=names)

    def told(names: list[str]) -> str:
        return f"You talk to {names[0]}."

    assert run.take(await ask(run, told)).instructions == "You talk to Ada."
    names[0] = "Bob"
    run.take(TurnStarted(turn=2))
    assert run.take(await ask(run, told)).instructions == "You talk to Bob."
    run.take(TurnStarted(turn=3))
    assert (await ask(run, told)).instructions is None
