"""The providers that can be asked for by name: one table. A row adds a provider.

Addresses and environment variables are those of each provider's own documentation. A provider that speaks several
wires has a row for each: ``openai`` is Chat Completions, ``openai-responses`` is Responses.
"""

from collections.abc import Mapping
from dataclasses import replace

from .contract import Capabilities
from .provider import Key, Place, Provider
from .provider_kinds import (
    AZURE,
    AZURE_KEYS,
    BEDROCK_KEY,
    GOOGLE_KEYS,
    LOCATION,
    PICTURES,
    REGION,
    bedrock,
    hosted,
    ollama,
    own,
    sign_for_google,
    vertex_host,
)

EVERYTHING = Capabilities(images=True, audio=True, files=True, output=True)
PAPERS = Capabilities(images=True, files=True, output=True)
WORDS = Capabilities(output=True)
NOT_BESIDE_TOOLS = replace(EVERYTHING, output_with_tools=False)
"""Gemini refuses "function calling with a response mime type": an answer is of a form, or there are tools."""
FORM_OR_TOOLS = replace(PICTURES, output_with_tools=False)
"""A form for the answer keeps these from calling tools, where it is not refused beside them."""

_ROWS: Mapping[str, Provider] = {
    "openai": hosted("https://api.openai.com/v1", "OPENAI", speaks="openai_chat_wires:OPENAI", capabilities=EVERYTHING),
    "azure": Provider(
        base_url="{endpoint}/openai/v1", places=AZURE, keys=AZURE_KEYS, speaks="openai_chat_wires:OPENAI"
    ),
    "azure-deployment": Provider(
        base_url="{endpoint}",
        places=AZURE,
        query={"api-version": Place(("OPENAI_API_VERSION",), "2024-10-21")},
        keys=AZURE_KEYS,
        speaks="openai_chat_wires:DEPLOYMENT",
    ),
    "anthropic": Provider(
        base_url="https://api.anthropic.com",
        url_variable="ANTHROPIC_BASE_URL",
        keys=(Key("ANTHROPIC_API_KEY", "x-api-key", ""), Key("ANTHROPIC_AUTH_TOKEN")),
        headers={"anthropic-version": Place(default="2023-06-01"), "anthropic-beta": Place(("ANTHROPIC_BETAS",))},
        speaks="anthropic_messages:ANTHROPIC_MESSAGES",
        capabilities=PAPERS,
    ),
    "google": Provider(
        base_url="{endpoint}/v1beta",
        places={
            "endpoint": Place(
                ("GOOGLE_GEMINI_BASE_URL",), "https://generativelanguage.googleapis.com", lambda url: url.rstrip("/")
            )
        },
        keys=GOOGLE_KEYS,
        speaks="gemini:GEMINI",
        capabilities=NOT_BESIDE_TOOLS,
    ),
    "google-vertex": Provider(
        base_url="https://{location host}/v1/projects/{project}/locations/{location}/publishers/google",
        places={
            "project": Place(("GOOGLE_CLOUD_PROJECT",)),
            "location": Place(LOCATION, "global"),
            "location host": Place(LOCATION, "global", vertex_host),
        },
        keys=(Key("GOOGLE_OAUTH_ACCESS_TOKEN"),),
        signer=sign_for_google,
        speaks="gemini:GEMINI",
        capabilities=NOT_BESIDE_TOOLS,
    ),
    "google-vertex-express": Provider(
        base_url="https://aiplatform.googleapis.com/v1/publishers/google",
        keys=GOOGLE_KEYS[:1],
        speaks="gemini:GEMINI",
        capabilities=NOT_BESIDE_TOOLS,
    ),
    "bedrock": bedrock("bedrock_converse:BEDROCK_CONVERSE", Capabilities(images=True, files=True)),
    "bedrock-invoke": bedrock("bedrock_invoke:BEDROCK_INVOKE", Capabilities(images=True)),
    "bedrock-mantle": Provider(
        base_url="https://bedrock-mantle.{region}.api.aws/v1",
        places={"region": Place(REGION)},
        keys=(BEDROCK_KEY,),
    ),
    "mistral": hosted("https://api.mistral.ai/v1", "MISTRAL", speaks="mistral:MISTRAL_CHAT", capabilities=EVERYTHING),
    "cohere": Provider(
        base_url="https://api.cohere.com",
        url_variable="CO_API_URL",
        keys=(Key("CO_API_KEY"),),
        speaks="cohere:COHERE_CHAT",
        capabilities=FORM_OR_TOOLS,
    ),
    "cohere-v1": Provider(
        base_url="https://api.cohere.com",
        url_variable="CO_API_URL",
        keys=(Key("CO_API_KEY"),),
        speaks="cohere_v1:COHERE_CHAT_V1",
        capabilities=Capabilities(),
    ),
    "groq": hosted("https://api.groq.com/openai/v1", "GROQ", speaks="groq:GROQ_CHAT", capabilities=FORM_OR_TOOLS),
    "xai": hosted("https://api.x.ai/v1", "XAI"),
    "deepseek": hosted(
        "https://api.deepseek.com", "DEEPSEEK", speaks="openai_chat_wires:DEEPSEEK", capabilities=Capabilities()
    ),
    "openrouter": hosted(
        "https://openrouter.ai/api/v1", "OPENROUTER", speaks="openai_chat_wires:OPENROUTER", capabilities=EVERYTHING
    ),
    "together": hosted("https://api.together.xyz/v1", "TOGETHER"),
    "perplexity": replace(
        hosted(
            "https://api.perplexity.ai",
            "PERPLEXITY",
            speaks="openai_chat_wires:PERPLEXITY",
            capabilities=replace(PAPERS, tools=False),
        ),
        keys=(Key("PERPLEXITY_API_KEY"), Key("PPLX_API_KEY")),
    ),
    "cerebras": hosted("https://api.cerebras.ai/v1", "CEREBRAS", speaks="openai_chat_wires:OPENAI", capabilities=WORDS),
    "crusoe": hosted("https://api.inference.crusoecloud.com/v1", "CRUSOE", speaks="openai_chat_wires:OPEN_WEIGHTS"),
    "huggingface": replace(hosted("https://router.huggingface.co/v1", "HF"), keys=(Key("HF_TOKEN"),)),
    "zai": hosted(
        "https://api.z.ai/api/paas/v4", "ZAI", speaks="openai_chat_wires:ZAI", capabilities=Capabilities(images=True)
    ),
    "alibaba": hosted(
        "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        "DASHSCOPE",
        speaks="openai_chat_wires:ALIBABA",
        capabilities=Capabilities(images=True),
    ),
    "ollama": replace(own("http://127.0.0.1:11434/v1", "OLLAMA"), capabilities=FORM_OR_TOOLS),
    "ollama-chat": replace(ollama("ollama_chat:OLLAMA_CHAT"), capabilities=FORM_OR_TOOLS),
    "ollama-generate": replace(ollama("ollama_generate:OLLAMA_GENERATE"), capabilities=replace(PICTURES, tools=False)),
    "lmstudio": own("http://127.0.0.1:1234/v1", "LMSTUDIO"),
    "vllm": own("http://127.0.0.1:8000/v1", "VLLM"),
    "gpustack": own("http://127.0.0.1/v1", "GPUSTACK"),
    "litellm": Provider(
        base_url="http://127.0.0.1:4000",
        url_variable="LITELLM_PROXY_API_BASE",
        keys=(Key("LITELLM_PROXY_API_KEY"),),
        needs_key=False,
        capabilities=EVERYTHING,
    ),
    "portkey": Provider(
        base_url="https://api.portkey.ai/v1",
        url_variable="PORTKEY_BASE_URL",
        keys=(Key("PORTKEY_API_KEY", "x-portkey-api-key", ""),),
        headers={
            "x-portkey-config": Place(("PORTKEY_CONFIG",)),
            "x-portkey-provider": Place(("PORTKEY_PROVIDER",)),
            "x-portkey-virtual-key": Place(("PORTKEY_VIRTUAL_KEY",)),
        },
        capabilities=EVERYTHING,
    ),
    "helicone": hosted("https://ai-gateway.helicone.ai/v1", "HELICONE", capabilities=EVERYTHING),
}

_RESPONSES = ("openai", "azure", "bedrock-mantle", "deepseek", "openrouter", "xai")
"""Who speaks Responses too, at the same address."""

PROVIDERS: Mapping[str, Provider] = {
    **_ROWS,
    **{f"{name}-responses": replace(_ROWS[name], speaks="openai_responses:OPENAI_RESPONSES") for name in _RESPONSES},
}
"""Every provider, by the name that stands before the colon."""

ALIASES: Mapping[str, str] = {"gemini": "google", "vertex": "google-vertex", "dashscope": "alibaba"}
"""Other names that people know them by."""

ANY_ADDRESS = Provider(
    base_url="",
    keys=(Key("LOOPBUS_API_KEY"),),
    needs_key=False,
    capabilities=Capabilities(images=True, audio=True, files=True),
)
"""The row for a server that is given by its address."""
