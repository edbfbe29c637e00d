"""What each wire calls the settings of sampling: one table."""

from collections.abc import Mapping
from typing import Any

from ..contract import Settings

Names = Mapping[str, str]
"""The name on a wire, by that of ours. A setting without one is unknown to the wire, and left out."""

CHAT: Names = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "max_tokens": "max_tokens",
    "stop": "stop",
    "seed": "seed",
}
RESPONSES: Names = {**CHAT, "max_tokens": "max_output_tokens"}
"""OpenAI knows no ``top_k``, no penalties, no ``stop`` and no ``seed`` here, and says so; who else speaks it may."""
COHERE: Names = {**CHAT, "top_p": "p", "top_k": "k", "stop": "stop_sequences"}
OLLAMA: Names = {**CHAT, "max_tokens": "num_predict"}
ANTHROPIC: Names = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "max_tokens": "max_tokens",
    "stop": "stop_sequences",
}
GEMINI: Names = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
    "max_tokens": "maxOutputTokens",
    "stop": "stopSequences",
    "seed": "seed",
}
CONVERSE: Names = {
    "temperature": "temperature",
    "top_p": "topP",
    "max_tokens": "maxTokens",
    "stop": "stopSequences",
}
NOVA: Names = {**CONVERSE, "top_k": "topK", "max_tokens": "max_new_tokens"}
TITAN: Names = {**CONVERSE, "max_tokens": "maxTokenCount"}
LLAMA: Names = {"temperature": "temperature", "top_p": "top_p", "max_tokens": "max_gen_len"}
DEEPSEEK: Names = {"temperature": "temperature", "top_p": "top_p", "max_tokens": "max_tokens", "stop": "stop"}
"""R1 behind Bedrock; elsewhere it is spoken to in Chat Completions."""
MISTRAL: Names = {**DEEPSEEK, "top_k": "top_k"}
"""Its older models behind Bedrock."""


def write(settings: Settings, names: Names) -> dict[str, Any]:
    """What is set, under the wire's names."""
    fields: dict[str, Any] = {}
    for ours, theirs in names.items():
        value = getattr(settings, ours)
        if value not in (None, ()):
            fields[theirs] = list(value) if ours == "stop" else value
    return fields
