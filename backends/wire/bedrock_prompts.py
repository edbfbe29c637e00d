"""Conversations as one text, for models that continue a prompt: each family has marks that say who speaks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...events.content import Message, Opaque, Refusal, Role, Text, Thinking
from ..contract import Request
from ..errors import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """How a family writes a conversation down: each message in its role's form, between a beginning and an end.

    Where ``system`` has no form of its own, the system prompt stands before the first message of the user.
    """

    begin: str = ""
    system: str = ""
    user: str
    assistant: str
    end: str = ""
    lone: str = ""
    """The form of a conversation that is one message of the user, where it has its own."""

    def write(self, request: Request) -> str:
        """The prompt.

        :raises Refused: the request holds anything but text, or offers tools.
        """
        if request.tools or request.output is not None:
            raise Refused("this model continues a text: it takes neither tools nor an output schema in InvokeModel")
        turns: list[tuple[Role, str]] = [(message.role, _words(message)) for message in request.messages]
        system = "\n\n".join(
            filter(None, [request.instructions, *(words for role, words in turns if role == "system")])
        )
        spoken = [turn for turn in turns if turn[0] != "system"]
        if self.lone and len(spoken) == 1 and not system:
            return self.lone.format(spoken[0][1])
        return self.begin + self._written(system, spoken) + self.end

    def _written(self, system: str, turns: Sequence[tuple[Role, str]]) -> str:
        forms: Mapping[Role, str] = {"user": self.user, "assistant": self.assistant}
        written = [self.system.format(system)] if system and self.system else []
        ahead = "" if self.system or not system else f"{system}\n\n"
        for role, words in turns:
            if role == "user":
                words, ahead = ahead + words, ""
            written.append(forms[role].format(words))
        return "".join(written)


LLAMA = Template(
    begin="<|begin_of_text|>",
    system="<|start_header_id|>system<|end_header_id|>\n\n{}<|eot_id|>",
    user="<|start_header_id|>user<|end_header_id|>\n\n{}<|eot_id|>",
    assistant="<|start_header_id|>assistant<|end_header_id|>\n\n{}<|eot_id|>",
    end="<|start_header_id|>assistant<|end_header_id|>\n\n",
)
"""Llama 3 and later. https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-meta.html"""

MISTRAL = Template(begin="<s>", user="[INST] {} [/INST]", assistant=" {}</s>")
"""https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-text-completion.html"""

TITAN = Template(user="User: {}\n", assistant="Bot: {}\n", end="Bot:", lone="{}")
"""https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-text.html"""

DEEPSEEK = Template(
    begin="<\uff5cbegin\u2581of\u2581sentence\uff5c>",
    system="{}",
    user="<\uff5cUser\uff5c>{}",
    assistant="<\uff5cAssistant\uff5c>{}<\uff5cend\u2581of\u2581sentence\uff5c>",
    end="<\uff5cAssistant\uff5c><think>\n",
)
"""https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-deepseek.html"""


def _words(message: Message) -> str:
    if message.role == "tool":
        raise Refused("this model continues a text: it takes no tool results in InvokeModel")
    words: list[str] = []
    for block in message.content:
        match block:
            case Text(text) | Refusal(text):
                words.append(text)
            case Thinking() | Opaque():
                # Nothing that goes back as text.
                pass
            case _:
                raise Refused(f"this model continues a text: it takes no {type(block).__name__} in InvokeModel")
    return "".join(words)
