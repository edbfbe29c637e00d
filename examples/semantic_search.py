"""Let an agent look things up by meaning: notes are embedded once, and a tool finds the one that fits a question.

Run it with ``python examples/semantic_search.py``. The first run downloads the embedding model, 91 MB, and keeps it.
"""

import asyncio

from loopbus import Agent, tool
from loopbus.backends import Request, Scripted, call
from loopbus.backends.embeddings import cosine, embedder
from loopbus.events import ToolCall, ToolResult

NOTES = [
    "Employees have 28 days of annual leave.",
    "The kitchen on the second floor is cleaned on Fridays.",
    "Expenses are paid back at the end of the month.",
    "Visitors sign in at the front desk and get a badge.",
]

embed = embedder("local").embed  # or "openai:text-embedding-3-small", "ollama:nomic-embed-text", ...


async def main() -> None:
    """Embed the notes, then ask."""
    notes = await embed(NOTES)

    @tool
    async def search(question: str) -> str:
        """Find the note that answers a question."""
        (asked,) = (await embed([question], purpose="query")).vectors
        likeness = {note: cosine(asked, vector) for note, vector in zip(NOTES, notes.vectors, strict=True)}
        print(f"{question!r} finds")
        for note in sorted(NOTES, key=likeness.__getitem__, reverse=True):
            print(f"  {likeness[note]:5.2f}  {note}")
        return max(NOTES, key=likeness.__getitem__)

    # Stands in for a language model, so that the example needs no other download.
    def model(request: Request) -> str | ToolCall:
        match request.messages[-1].content[-1]:
            case ToolResult(output=found):
                return f"Found it: {found}"
            case _:
                return call("search", question=request.messages[-1].text)

    print((await Agent(Scripted(model), tools=[search]).run("How much time off do I get?")).output)


if __name__ == "__main__":
    asyncio.run(main())
