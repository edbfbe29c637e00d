"""A turn with langgraph, as the graph of two nodes that its own guide begins with."""
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false, reportUntypedBaseClass=false
# pyright: reportUntypedFunctionDecorator=false

from collections.abc import Awaitable, Callable
from typing import Any

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition

DISTRIBUTION = "langgraph"


@tool
async def add(a: int, b: int) -> int:
    """Add two whole numbers."""
    return a + b


class Scripted(BaseChatModel):
    turns: int

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(self, *_: object, **__: object) -> Any:
        raise AssertionError("the loop is asynchronous")

    async def _agenerate(self, messages: list[Any], *_: object, **__: object) -> ChatResult:
        turn = len(messages) // 2 + 1
        call = {"name": "add", "args": {"a": 17, "b": turn}, "id": f"call_{turn}"}
        message = AIMessage("42") if turn == self.turns else AIMessage("", tool_calls=[call])
        return ChatResult(generations=[ChatGeneration(message=message)])


def turn(turns: int) -> Callable[[str], Awaitable[str]]:
    model = Scripted(turns=turns)

    async def agent(state: MessagesState) -> dict[str, Any]:
        return {"messages": [await model.ainvoke(state["messages"])]}

    graph: Any = StateGraph(MessagesState)
    graph.add_node("agent", agent)
    graph.add_node("tools", ToolNode([add]))
    graph.add_edge(START, "agent")
    graph.add_conditional_edges("agent", tools_condition)
    graph.add_edge("tools", "agent")
    compiled = graph.compile()

    async def run(prompt: str) -> str:
        state = await compiled.ainvoke({"messages": [("user", prompt)]}, {"recursion_limit": 2 * turns + 1})
        return state["messages"][-1].content

    return run
