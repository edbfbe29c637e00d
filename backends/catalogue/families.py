"""What families of models read, write and can do: one table, by the makers' own documentation of late 2026.

Prices and windows are counted somewhere; this is not. A model that is no member of a family here is not known.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from ..contract import Capabilities
from ..providers import ALIASES, PROVIDERS
from .info import Modality, ModelInfo

TEXT: Set[Modality] = frozenset({"text"})
PICTURES: Set[Modality] = TEXT | {"image"}
PAPERS: Set[Modality] = PICTURES | {"file"}
SOUNDS: Set[Modality] = TEXT | {"audio"}
EVERYTHING: Set[Modality] = PAPERS | {"audio", "video"}


@dataclass(frozen=True, slots=True)
class Family:
    """What its members have in common; ``None``: they differ, or nobody says."""

    inputs: Set[Modality] | None = TEXT
    outputs: Set[Modality] | None = TEXT
    tools: bool | None = True
    structured_output: bool | None = None


def _maker(inputs: Set[Modality], outputs: Set[Modality] = TEXT) -> Family:
    """Models that make something, and call no tools."""
    return Family(inputs, outputs, tools=False, structured_output=False)


FAMILIES: Mapping[str, Family] = {
    "*embed*": _maker(TEXT, frozenset()),
    "*rerank*": _maker(TEXT, frozenset()),
    "*moderation*": _maker(PICTURES),
    "*whisper*": _maker(frozenset({"audio"})),
    "*transcribe*": _maker(frozenset({"audio"})),
    "*-tts*": _maker(TEXT, frozenset({"audio"})),
    "tts-*": _maker(TEXT, frozenset({"audio"})),
    "dall-e*": _maker(TEXT, frozenset({"image"})),
    "gpt-image*": _maker(PICTURES, frozenset({"image"})),
    "gpt-*realtime*": Family(SOUNDS, SOUNDS),
    "gpt-*audio*": Family(SOUNDS, SOUNDS),
    "gpt-*search*": Family(TEXT, tools=False, structured_output=True),
    "gpt-oss*": Family(structured_output=True),
    "gpt-3.5*": Family(structured_output=False),
    "gpt-4o*": Family(PAPERS, structured_output=True),
    "gpt-4.*": Family(PAPERS, structured_output=True),
    "gpt-4*": Family(None, structured_output=False),
    "gpt-5*": Family(PAPERS, structured_output=True),
    "o1-mini*": Family(tools=False, structured_output=False),
    "o1-preview*": Family(tools=False, structured_output=False),
    "o3-mini*": Family(structured_output=True),
    "o[134]*": Family(PAPERS, structured_output=True),
    "claude-2*": Family(tools=False, structured_output=False),
    "claude-v2*": Family(tools=False, structured_output=False),
    "claude-instant*": Family(tools=False, structured_output=False),
    "claude-3-haiku*": Family(PICTURES, structured_output=False),
    "claude-3*": Family(PAPERS, structured_output=False),
    "claude-*-4-0*": Family(PAPERS, structured_output=False),
    "claude-*-4-20*": Family(PAPERS, structured_output=False),
    "claude-*": Family(PAPERS, structured_output=True),
    "gemini-*image*": Family(PICTURES, PICTURES, tools=False),
    "gemini-*": Family(EVERYTHING, structured_output=True),
    "imagen*": _maker(TEXT, frozenset({"image"})),
    "veo*": _maker(PICTURES, frozenset({"video"})),
    "mistral-ocr*": _maker(PAPERS),
    "pixtral*": Family(PICTURES, structured_output=True),
    "voxtral*": Family(SOUNDS, structured_output=True),
    "codestral*": Family(structured_output=True),
    "devstral*": Family(None, structured_output=True),
    "magistral*": Family(None, structured_output=True),
    "ministral*": Family(None, structured_output=True),
    "mistral-*": Family(None, structured_output=True),
    "command-a-vision*": Family(PICTURES, tools=False, structured_output=True),
    "command-*": Family(structured_output=True),
    "grok-*image*": _maker(PICTURES, frozenset({"image"})),
    "grok-[23]*": Family(None, structured_output=None),
    "grok-code*": Family(structured_output=True),
    "grok-*": Family(PICTURES, structured_output=True),
    "deepseek-*": Family(structured_output=False),
    "sonar*": Family(PICTURES, tools=False, structured_output=True),
    "llama-3.2-*vision*": Family(PICTURES),
    "llama-4*": Family(PICTURES),
    "llama-3*": Family(),
    "qwen*-vl*": Family(PICTURES),
    "kimi-k2*": Family(None),
    "glm-*v": Family(PICTURES, structured_output=False),
    "glm-*": Family(structured_output=False),
    "nova-micro*": Family(structured_output=False),
    "nova-*": Family(PAPERS | {"video"}, structured_output=False),
}
"""By patterns of a model's own name, without who made it or who sells it; the first that fits counts."""

UNKNOWN = Family(None, None, None, None)
NARROWS: Mapping[str, Modality] = {"images": "image", "audio": "audio", "files": "file"}
"""What a provider must be able to carry for a model to be shown it."""


def with_family(info: ModelInfo) -> ModelInfo:
    """``info`` with what its family can do, as far as its provider lets it."""
    provider, _, name = info.name.partition(":")
    own_name = name.lower().rpartition("/")[2]
    # Bedrock's names begin with a region and a maker: us.anthropic.claude-...
    shorter = own_name.rpartition("anthropic.")[2].rpartition("amazon.")[2]
    family = next((row for pattern, row in FAMILIES.items() if fnmatchcase(shorter, pattern)), UNKNOWN)
    row = PROVIDERS.get(ALIASES.get(provider, provider))
    return replace(info, **_narrowed(family, row.capabilities if row is not None else None))


def _narrowed(family: Family, can: Capabilities | None) -> dict[str, object]:
    inputs = family.inputs
    if can is not None and inputs is not None:
        inputs = inputs - {modality for ability, modality in NARROWS.items() if not getattr(can, ability)}
    return {
        "inputs": inputs,
        "outputs": family.outputs,
        "tools": family.tools if can is None or can.tools else False,
        "structured_output": family.structured_output if can is None or can.output else False,
    }
