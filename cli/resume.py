"""``loopbus resume``: goes on with a run from where its log ends."""

from ..runtime.run import Run
from ..runtime.runtime import Runtime
from .agents import AgentOption, ChosenAgent, InstructionsOption, ModelOption, ToolsOption
from .options import JsonOption, QuietOption, RunArgument, StepOption, StreamOption, VerboseOption, YesOption
from .output import complain
from .run_ids import find_run
from .stores import StoreOption, existing, on_log
from .watching import Watching


def resume(
    run: RunArgument,
    store: StoreOption = None,
    agent: AgentOption = None,
    model: ModelOption = None,
    tools: ToolsOption = None,
    instructions: InstructionsOption = None,
    as_json: JsonOption = False,
    stream: StreamOption = False,
    step: StepOption = False,
    yes: YesOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Go on with a run that was suspended or broken off, from where its log ends. Nothing is paid for twice.

    The agent is the one that the run was started with: --agent, or the options that `loopbus run` was given.

    Exit codes: as of `loopbus run`.
    """
    chosen = ChosenAgent(agent, model, tools, instructions)
    wanted = chosen.make_known()
    url = existing(store)
    info = on_log(url, lambda log: find_run(log, run))

    if wanted.name != info.agent and not quiet:
        complain(f"run {info.run_id} was started with the agent {info.agent!r}, and goes on with {wanted.name!r}")

    async def begin(runtime: Runtime) -> Run:
        return await runtime.resume(info.run_id, agent=wanted)

    Watching(
        as_json=as_json, stream=stream, yes=yes, quiet=quiet, verbose=verbose, step=step, options=chosen.as_typed()
    ).follow(wanted, begin, url, after=info.seq)
