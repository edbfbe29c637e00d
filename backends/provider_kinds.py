"""Kinds of providers: what rows of the table have in common."""

from collections.abc import Mapping
from dataclasses import replace

from .auth import Auth
from .auth_aws import SigV4
from .auth_google import GoogleAuth
from .contract import Capabilities
from .provider import Key, Place, Provider

ANY_CHAT = "openai_chat:OPENAI_CHAT"
PICTURES = Capabilities(images=True, output=True)


AZURE_KEYS = (Key("AZURE_OPENAI_API_KEY", "api-key", ""), Key("AZURE_OPENAI_AD_TOKEN"))
AZURE = {"endpoint": Place(("AZURE_OPENAI_ENDPOINT",), write=lambda url: url.rstrip("/").removesuffix("/openai/v1"))}
REGION = ("AWS_REGION", "AWS_DEFAULT_REGION")
BEDROCK_KEY = Key("AWS_BEARER_TOKEN_BEDROCK")
LOCATION = ("GOOGLE_CLOUD_LOCATION",)
GOOGLE_KEYS = (Key("GOOGLE_API_KEY", "x-goog-api-key", ""), Key("GEMINI_API_KEY", "x-goog-api-key", ""))


def _bedrock_host(region: str) -> str:
    return f"bedrock-runtime.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"


def vertex_host(location: str) -> str:
    """Where Vertex listens in a location; ``global`` has no prefix."""
    return "aiplatform.googleapis.com" if location == "global" else f"{location}-aiplatform.googleapis.com"


def _sign_for_bedrock(places: Mapping[str, str]) -> Auth:
    return SigV4(places["region"])


def sign_for_google(places: Mapping[str, str]) -> Auth:
    """The default credentials, wherever the project stands."""
    return GoogleAuth()


def hosted(base_url: str, name: str, *, speaks: str = ANY_CHAT, capabilities: Capabilities = PICTURES) -> Provider:
    """A service with a key, whose variables begin with ``name``."""
    return Provider(
        base_url=base_url,
        url_variable=f"{name}_BASE_URL",
        keys=(Key(f"{name}_API_KEY"),),
        speaks=speaks,
        capabilities=capabilities,
    )


def own(base_url: str, name: str) -> Provider:
    """A server of one's own, of open models: it needs no key and may take one."""
    return replace(hosted(base_url, name, speaks="openai_chat_wires:OPEN_WEIGHTS"), needs_key=False)


def _host_url(host: str) -> str:
    # OLLAMA_HOST may lack the scheme, as in its own tools.
    return (host if "://" in host else f"http://{host}").rstrip("/")


def ollama(speaks: str) -> Provider:
    """Ollama's own interface."""
    return Provider(
        base_url="{host}",
        places={"host": Place(("OLLAMA_HOST",), "127.0.0.1:11434", _host_url)},
        keys=(Key("OLLAMA_API_KEY"),),
        needs_key=False,
        speaks=speaks,
    )


def bedrock(speaks: str, capabilities: Capabilities) -> Provider:
    """One of Bedrock's own interfaces: with a key of Bedrock's, or signed with the AWS credentials."""
    return Provider(
        base_url="https://{region host}",
        url_variable="AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
        places={"region": Place(REGION), "region host": Place(REGION, write=_bedrock_host)},
        keys=(BEDROCK_KEY,),
        signer=_sign_for_bedrock,
        speaks=speaks,
        capabilities=capabilities,
    )
