"""``loopbus models``: who can be asked, and what is known of their models."""

import time
from collections.abc import Set
from dataclasses import asdict
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Annotated, Any

import typer

from ..backends.catalogue import Catalogue, ModelInfo, Price
from ..backends.providers import ALIASES, PROVIDERS
from .output import complain, write, write_json
from .providers import describe_local_models, describe_providers
from .tables import as_table

LOCAL = "local"
PROVIDER_HEADS = ("Provider", "Ready", "Key", "Address")
LOCAL_HEADS = ("Model", "Ready", "File")
MODEL_HEADS = ("Model", "Window", "Input $", "Output $", "Cached $", "Reads", "Tools", "Output schema", "")


def models(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="PROVIDER[:PATTERN]", help="Show this provider's models, such as openai or openai:gpt-5*."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show who can be asked and whose keys are set; or a provider's models, with prices for a million tokens.

    Keys are never shown. Prices and windows are those of genai-prices, as installed (extra: prices).
    """
    if name is None:
        _show_providers(as_json)
    elif name.partition(":")[0] == LOCAL:
        _show_local(describe_local_models(), as_json)
    else:
        _show_models(name, as_json)


def _show_providers(as_json: bool) -> None:
    providers, local = describe_providers(), describe_local_models()
    if as_json:
        write_json({"providers": providers, "local": local}, indent=2)
        return
    write(as_table(PROVIDER_HEADS, (_provider_row(each) for each in providers)) + "\n")
    _show_local(local, as_json=False)


def _show_local(local: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        write_json(local, indent=2)
        return
    write(as_table(LOCAL_HEADS, ((each["model"], _local_state(each), each["file"]) for each in local)))


def _show_models(name: str, as_json: bool) -> None:
    provider, _, pattern = name.partition(":")
    if ALIASES.get(provider, provider) not in PROVIDERS:
        near = get_close_matches(provider, [LOCAL, *PROVIDERS, *ALIASES], 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise typer.BadParameter(f"no provider is called {provider!r}; {hint}loopbus models lists them")
    infos = [info for info in Catalogue().models(provider) if fnmatchcase(info.name, f"{provider}:{pattern or '*'}")]
    now = time.time()
    if as_json:
        write_json([_as_data(info, now) for info in infos], indent=2)
    elif infos:
        write(as_table(MODEL_HEADS, (_model_row(info, now) for info in infos)))
    else:
        complain(
            f"nothing is known of models called {name!r}; they can be asked all the same, and their price is unknown"
        )


def _provider_row(each: dict[str, Any]) -> tuple[str, str, str, str]:
    names = ", ".join([each["provider"], *each["also"]])
    keys = ", ".join(f"{key['variable']} ({'set' if key['set'] else 'not set'})" for key in each["keys"])
    source = f" (from {each['address_variable']})" if each["overridden"] else ""
    return names, _state(each), keys, each["address"] + source


def _state(each: dict[str, Any]) -> str:
    if each["missing"]:
        return f"set {', '.join(each['missing'])}"
    if any(key["set"] for key in each["keys"]):
        return "yes"
    if each["signs_in_itself"]:
        return "with this machine's credentials"
    return "set a key" if each["needs_key"] else "needs no key"


def _local_state(each: dict[str, Any]) -> str:
    if not each["engine"]:
        return "pip install 'loopbus[local]'"
    if each["here"]:
        return "yes"
    return "no such file" if each["bytes"] is None else f"downloads {each['bytes'] / 1e6:,.0f} MB first"


def _model_row(info: ModelInfo, now: float) -> tuple[str, ...]:
    price = info.price_at(now)
    more = "".join((", above" if price is not None and price.above else "", ", deprecated" if info.deprecated else ""))
    return (
        info.name,
        "?" if info.context_window is None else f"{info.context_window:,}",
        *(
            (_usd(price.input_usd), _usd(price.output_usd), _usd(_cached(price)))
            if price is not None
            else ("?", "?", "?")
        ),
        _listed(info.inputs),
        _yes(info.tools),
        _yes(info.structured_output),
        more.removeprefix(", "),
    )


def _as_data(info: ModelInfo, now: float) -> dict[str, Any]:
    price = info.price_at(now)
    kept = asdict(info)
    del kept["prices"]
    sets = {name: None if kept[name] is None else sorted(kept[name]) for name in ("inputs", "outputs")}
    return {**kept, **sets, "price": None if price is None else _price_data(price)}


def _price_data(price: Price) -> dict[str, Any]:
    data = asdict(price)
    return {
        **data,
        "valid_from": str(price.valid_from or "") or None,
        "hours": [str(each) for each in price.hours or ()],
    }


def _cached(price: Price) -> float:
    return price.input_usd if price.cached_usd is None else price.cached_usd


def _usd(amount: float) -> str:
    return f"{amount:.12g}"


def _listed(kinds: Set[str] | None) -> str:
    return "?" if kinds is None else " ".join(sorted(kinds))


def _yes(known: bool | None) -> str:
    return {None: "?", True: "yes", False: "no"}[known]
