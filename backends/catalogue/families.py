"""What families of models read, write and can do: one table, by their makers' documentation.

Prices and windows are collected by others; this is not. A model that is in no family here is not known, and a new
member of one is taken to be like the others.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ..contract import Capabilities
from ..providers import ALIASES, PROVIDERS
from .info import Modality, ModelInfo


def _kinds(*modalities: Modality) -> Set[Modality]:
    return frozenset(modalities)


NOTHING = _kinds()
TEXT = _kinds("text")
PICTURES = _kinds("text", "image")
PAPERS = _kinds("text", "image", "file")
FILMS = _kinds("text", "image", "file", "video")
SOUNDS = _kinds("text", "audio")
EVERYTHING = _kinds("text", "image", "file", "audio", "video")
ONLY_AUDIO = _kinds("audio")
ONLY_IMAGE = _kinds("image")
ONLY_VIDEO = _kinds("video")


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
    "*embed*": _maker(TEXT, NOTHING),
    "*rerank*": _maker(TEXT, NOTHING),
    "*moderation*": _maker(PICTURES),
    "*whisper*": _maker(ONLY_AUDIO),
    "*transcribe*": _maker(ONLY_AUDIO),
    "*-tts*": _maker(TEXT, ONLY_AUDIO),
    "tts-*": _maker(TEXT, ONLY_AUDIO),
    "dall-e*": _maker(TEXT, ONLY_IMAGE),
    "gpt-image*": _maker(PICTURES, ONLY_IMAGE),
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
    "imagen*": _maker(TEXT, ONLY_IMAGE),
    "veo*": _maker(PICTURES, ONLY_VIDEO),
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
    "grok-*image*": _maker(PICTURES, ONLY_IMAGE),
    "grok-[23]*": Family(None, structured_output=None),
    "grok-code*": Family(structured_output=True),
    "grok-*": Family(PICTURES, structured_output=True),
    "deepseek-*": Family(structured_output=False),
    "sonar*": Family(PICTURES, tools=False, structured_output=True),
    "llama-3.2-*vision*": Family(PICTURES),
    "llama-4*": Family(PICTURES),
    "llama-3*": Family(),
    "qwen*-vl*": Family(PICTURES),
    "qwen3*": Family(None),
    "kimi-*": Family(None),
    "glm-*v": Family(PICTURES, structured_output=False),
    "glm-*": Family(structured_output=False),
    "nova-micro*": Family(structured_output=False),
    "nova-*": Family(FILMS, structured_output=False),
}
"""By patterns of a model's own name, without its maker or seller; the first that fits counts."""

UNKNOWN = Family(None, None, None, None)
EVERYTHING_GOES = Capabilities(images=True, audio=True, files=True, output=True)
NARROWS: Mapping[str, Modality] = {"images": "image", "audio": "audio", "files": "file"}
"""What a provider must be able to carry for a model to be shown it."""


def abilities(provider: str, model: str) -> ModelInfo:
    """What a model reads, writes and can do, as far as a provider, by its name in our table, lets it."""
    own_name = model.lower().removeprefix("ft:").rpartition("/")[2]
    # Bedrock's names begin with a region and a maker: us.anthropic.claude-...
    shorter = own_name.rpartition("anthropic.")[2].rpartition("amazon.")[2]
    family = next((row for pattern, row in FAMILIES.items() if fnmatchcase(shorter, pattern)), UNKNOWN)
    row = PROVIDERS.get(ALIASES.get(provider, provider))
    can = row.capabilities if row is not None else EVERYTHING_GOES
    hidden = {modality for ability, modality in NARROWS.items() if not getattr(can, ability)}
    return ModelInfo(
        inputs=None if family.inputs is None else family.inputs - hidden,
        outputs=family.outputs,
        tools=family.tools if can.tools else False,
        structured_output=family.structured_output if can.output else False,
    )
