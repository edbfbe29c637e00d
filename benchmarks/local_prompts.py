"""What the local model was tuned on: eight tools, and prompts whose right calls and answers are known."""

from datetime import date
from typing import Any, NamedTuple

from loopbus import tool


class Wanted(NamedTuple):
    """A call that should be made: the tool's name and the arguments that matter."""

    tool: str
    arguments: dict[str, Any]


class Case(NamedTuple):
    """A prompt, the calls it should lead to, and words of which an answer must hold one of each group."""

    prompt: str
    calls: tuple[Wanted, ...]
    answer: tuple[tuple[str, ...], ...]


def case(prompt: str, *calls: Wanted, says: str = "") -> Case:
    """Write a case on one line: ``says`` holds groups split by ``&``, and choices split by ``|``."""
    groups = tuple(tuple(group.split("|")) for group in says.split("&")) if says else ()
    return Case(prompt, calls, groups)


def wanted(tool: str, **arguments: Any) -> Wanted:
    return Wanted(tool, arguments)


@tool
def add(a: int, b: int) -> int:
    """Add two whole numbers."""
    return a + b


@tool
def multiply(a: float, b: float) -> float:
    """Multiply two numbers."""
    return a * b


FORECASTS = {
    "paris": "rain, 14 degrees",
    "cairo": "sunny, 33 degrees",
    "oslo": "snow, -4 degrees",
    "lima": "fog, 19 degrees",
    "tokyo": "cloudy, 22 degrees",
    "nairobi": "windy, 24 degrees",
}


@tool
def get_weather(city: str) -> str:
    """Look up today's weather in a city."""
    return FORECASTS.get(city.partition(",")[0].strip().lower(), "no data for that city")


RATES = {"USD": 1.0, "EUR": 0.8, "GBP": 0.5, "JPY": 100.0, "CHF": 0.9}


@tool
def convert_currency(amount: float, source: str, target: str) -> str:
    """Convert an amount of money. Currencies are three-letter codes such as USD."""
    return f"{amount / RATES[source] * RATES[target]:.2f} {target}"


ORDERS = {
    7: "shipped on Monday",
    12: "waiting for payment",
    31: "delivered",
    48: "cancelled",
    55: "being packed",
    102: "lost in transit",
}


@tool
def order_status(order_id: int) -> str:
    """Tell how far a customer's order is."""
    return ORDERS.get(order_id, "no such order")


ADDRESSES = {
    "alice": "alice@example.org",
    "bruno": "bruno@example.net",
    "chen": "chen@example.com",
    "dana": "dana@example.org",
    "farid": "farid@example.net",
}


@tool
def find_email(name: str) -> str:
    """Look up a person's e-mail address in the address book."""
    return ADDRESSES.get(name.partition(" ")[0].lower(), "not in the address book")


@tool
def days_between(start: str, end: str) -> int:
    """Count the days from one date to another. Dates are written YYYY-MM-DD."""
    return (date.fromisoformat(end) - date.fromisoformat(start)).days


@tool
def set_timer(minutes: int, label: str = "timer") -> str:
    """Start a countdown timer."""
    return f"timer '{label}' will ring in {minutes} minutes"


TOOLS = [add, multiply, get_weather, convert_currency, order_status, find_email, days_between, set_timer]

CASES = [
    case("What is 17 + 25?", wanted("add", a=17, b=25), says="42"),
    case("Please add 1234 and 4321.", wanted("add", a=1234, b=4321), says="5555"),
    case("I have 58 apples and get 67 more. How many do I have now?", wanted("add", a=58, b=67), says="125"),
    case("Sum of 905 and 96?", wanted("add", a=905, b=96), says="1001"),
    case("My rent is 840 and my food costs 275 a month. What is the total?", wanted("add", a=840, b=275), says="1115"),
    case("What is two plus three?", wanted("add", a=2, b=3), says="5|five"),
    case("Add seven and nine.", wanted("add", a=7, b=9), says="16|sixteen"),
    case("Was ist zwei plus drei?", wanted("add", a=2, b=3), says="5|fünf"),
    case("What is 12 times 34?", wanted("multiply", a=12, b=34), says="408"),
    case("Multiply 2.5 by 8.", wanted("multiply", a=2.5, b=8), says="20"),
    case("How much is 19 * 21?", wanted("multiply", a=19, b=21), says="399"),
    case("A box holds 24 bottles. How many bottles are in 15 boxes?", wanted("multiply", a=24, b=15), says="360"),
    case("Compute the product of 111 and 9.", wanted("multiply", a=111, b=9), says="999"),
    case("What's the weather in Paris today?", wanted("get_weather", city="Paris"), says="rain"),
    case("Is it snowing in Oslo?", wanted("get_weather", city="Oslo"), says="snow|-4"),
    case("How warm is it in Cairo?", wanted("get_weather", city="Cairo"), says="33"),
    case("Do I need an umbrella in Lima today?", wanted("get_weather", city="Lima"), says="fog|19"),
    case("Tell me the weather for Tokyo.", wanted("get_weather", city="Tokyo"), says="cloud|22"),
    case("What is it like outside in Nairobi?", wanted("get_weather", city="Nairobi"), says="wind|24"),
    case("Wie ist das Wetter in Oslo?", wanted("get_weather", city="Oslo"), says="snow|schne|-4"),
    case("What is the weather in the capital of Japan?", wanted("get_weather", city="Tokyo"), says="cloud|22"),
    case("Convert 100 USD to EUR.", wanted("convert_currency", amount=100, source="USD", target="EUR"), says="80"),
    case(
        "How many JPY do I get for 25 USD?",
        wanted("convert_currency", amount=25, source="USD", target="JPY"),
        says="2500",
    ),
    case("What are 60 GBP in USD?", wanted("convert_currency", amount=60, source="GBP", target="USD"), says="120"),
    case(
        "Change 50 CHF into GBP, please.",
        wanted("convert_currency", amount=50, source="CHF", target="GBP"),
        says="27.78",
    ),
    case(
        "I have 40 EUR. How much is that in USD?",
        wanted("convert_currency", amount=40, source="EUR", target="USD"),
        says="50",
    ),
    case("Where is order 7?", wanted("order_status", order_id=7), says="shipped|Monday"),
    case("Has order number 31 been delivered?", wanted("order_status", order_id=31), says="delivered"),
    case("What's the status of my order 12?", wanted("order_status", order_id=12), says="payment"),
    case("Can you check order #48 for me?", wanted("order_status", order_id=48), says="cancel"),
    case(
        "My order is 102 and it has not arrived. What happened?",
        wanted("order_status", order_id=102),
        says="lost|transit",
    ),
    case("Look up order 55.", wanted("order_status", order_id=55), says="pack"),
    case("What is Alice's e-mail address?", wanted("find_email", name="Alice"), says="alice@example.org"),
    case("How can I reach Bruno by e-mail?", wanted("find_email", name="Bruno"), says="bruno@example.net"),
    case("Find the email of Chen.", wanted("find_email", name="Chen"), says="chen@example.com"),
    case(
        "I need to write to Dana. Which address do I use?", wanted("find_email", name="Dana"), says="dana@example.org"
    ),
    case("Give me Farid's email.", wanted("find_email", name="Farid"), says="farid@example.net"),
    case(
        "How many days are between 2024-01-01 and 2024-03-01?",
        wanted("days_between", start="2024-01-01", end="2024-03-01"),
        says="60",
    ),
    case(
        "Count the days from 2025-06-10 to 2025-06-25.",
        wanted("days_between", start="2025-06-10", end="2025-06-25"),
        says="15",
    ),
    case(
        "How long is it from 2023-12-24 until 2024-01-06 in days?",
        wanted("days_between", start="2023-12-24", end="2024-01-06"),
        says="13",
    ),
    case(
        "My trip starts on 2026-05-02 and ends on 2026-05-30. How many days is that?",
        wanted("days_between", start="2026-05-02", end="2026-05-30"),
        says="28",
    ),
    case("Set a timer for 10 minutes.", wanted("set_timer", minutes=10), says="10"),
    case("Remind me in 25 minutes: call it pizza.", wanted("set_timer", minutes=25), says="25"),
    case("Start a 3 minute timer for the eggs.", wanted("set_timer", minutes=3), says="3"),
    case("Wake me in 45 minutes.", wanted("set_timer", minutes=45), says="45"),
    case("Set a timer for half an hour.", wanted("set_timer", minutes=30), says="30|half an hour"),
    case(
        "What is the weather in Paris and in Oslo?",
        wanted("get_weather", city="Paris"),
        wanted("get_weather", city="Oslo"),
        says="rain&snow",
    ),
    case(
        "Check orders 7 and 31.",
        wanted("order_status", order_id=7),
        wanted("order_status", order_id=31),
        says="shipped|Monday&delivered",
    ),
    case("Add 3 and 4, and multiply 5 by 6.", wanted("add", a=3, b=4), wanted("multiply", a=5, b=6), says="7&30"),
    case(
        "What are the emails of Alice and Chen?",
        wanted("find_email", name="Alice"),
        wanted("find_email", name="Chen"),
        says="alice@example.org&chen@example.com",
    ),
    case(
        "Convert 100 GBP to JPY and tell me the weather in Cairo.",
        wanted("convert_currency", amount=100, source="GBP", target="JPY"),
        wanted("get_weather", city="Cairo"),
        says="20000&33",
    ),
    case("Hello! How are you?"),
    case("Write one sentence about the sea.", says="sea|ocean"),
    case("What is the capital of France?", says="Paris"),
    case("Thanks, that was all for today."),
    case("Which colour do you get when you mix blue and yellow?", says="green"),
    case("Say the word banana.", says="banana"),
    case("Who painted the Mona Lisa?", says="Leonardo|Vinci"),
    case("Tell me a joke."),
    case("Good night!"),
    case("Explain what a bus is.", says="vehicle|transport"),
    case("Write a haiku about autumn.", says="autumn|leaves"),
    case("What does HTTP stand for?", says="Hypertext"),
    case("I feel sad today."),
]
