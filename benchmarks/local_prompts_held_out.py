"""What the local model was not tuned on: other tools and prompts, written when the tuning was done."""

from typing import Literal

from loopbus import tool

from .local_prompts import case, wanted

WORDS = {
    ("house", "french"): "maison",
    ("dog", "german"): "Hund",
    ("water", "spanish"): "agua",
    ("cat", "french"): "chat",
    ("cat", "spanish"): "gato",
}


@tool
def translate_word(word: str, language: Literal["french", "german", "spanish"]) -> str:
    """Translate an English word."""
    return WORDS.get((word.lower(), language), "not in the dictionary")


@tool
def book_room(room: str, hour: int, guests: int = 2) -> str:
    """Book a meeting room for today.

    Args:
        room: The room's name.
        hour: When it begins, from 0 to 23.
        guests: How many people come.
    """
    return f"the room {room} is booked at {hour}:00 for {guests} guests"


@tool
def switch_lamp(room: str, on: bool) -> str:
    """Switch the lamp of a room on or off."""
    return f"the lamp in the {room} is now {'on' if on else 'off'}"


@tool
def body_mass_index(weight_kg: float, height_m: float) -> float:
    """Compute the body mass index (BMI) of a person."""
    return round(weight_kg / height_m**2, 1)


FLIGHTS = {("rome", "madrid"): "IB 3233 at 10:40", ("vienna", "berlin"): "OS 225 at 7:05"}


@tool
def find_flights(origin: str, destination: str) -> str:
    """Find today's flights from one city to another."""
    return FLIGHTS.get((origin.lower(), destination.lower()), "no flights today")


STOCK = {"umbrella": 14, "red mug": 0, "candle": 230}


@tool
def stock_level(product: str) -> str:
    """Look up how many pieces of a product are in the warehouse."""
    return f"{STOCK.get(product.lower().removesuffix('s'), 'an unknown number of')} pieces in stock"


@tool
def tip(bill: float, percent: float) -> float:
    """Compute the tip for a restaurant bill."""
    return round(bill * percent / 100, 2)


TOOLS = [translate_word, book_room, switch_lamp, body_mass_index, find_flights, stock_level, tip]

CASES = [
    case("How do you say 'house' in French?", wanted("translate_word", word="house", language="french"), says="maison"),
    case("Translate dog into German.", wanted("translate_word", word="dog", language="german"), says="Hund"),
    case(
        "What is the Spanish word for water?", wanted("translate_word", word="water", language="spanish"), says="agua"
    ),
    case(
        "Book the Blue Room at 14 for 6 guests.",
        wanted("book_room", room=("Blue", "Blue Room"), hour=14, guests=6),
        says="Blue&14",
    ),
    case("I need the room Oak at 9 o'clock.", wanted("book_room", room="Oak", hour=9), says="Oak&9"),
    case("Reserve the Attic for 4 people at 18.", wanted("book_room", room="Attic", hour=18, guests=4), says="Attic"),
    case("Turn on the lamp in the kitchen.", wanted("switch_lamp", room="kitchen", on=True), says="on"),
    case("Please switch off the bedroom lamp.", wanted("switch_lamp", room="bedroom", on=False), says="off"),
    case("Make it dark in the hall.", wanted("switch_lamp", room="hall", on=False), says="off|dark"),
    case(
        "What is the BMI of someone who weighs 70 kg and is 1.75 m tall?",
        wanted("body_mass_index", weight_kg=70, height_m=1.75),
        says="22.9",
    ),
    case("Calculate my BMI: 90 kg, 1.8 m.", wanted("body_mass_index", weight_kg=90, height_m=1.8), says="27.8"),
    case(
        "Are there flights from Rome to Madrid?",
        wanted("find_flights", origin="Rome", destination="Madrid"),
        says="3233|10:40",
    ),
    case(
        "Find me a flight to Berlin from Vienna.",
        wanted("find_flights", origin="Vienna", destination="Berlin"),
        says="225|7:05",
    ),
    case(
        "When can I fly from Lisbon to Porto?",
        wanted("find_flights", origin="Lisbon", destination="Porto"),
        says="no flight|not any|cannot|can't",
    ),
    case(
        "How many umbrellas do we have in stock?", wanted("stock_level", product=("umbrella", "umbrellas")), says="14"
    ),
    case("Is the red mug still available?", wanted("stock_level", product="red mug"), says="0|no|not|out of"),
    case("Check the stock of candles.", wanted("stock_level", product=("candle", "candles")), says="230"),
    case("What tip do I leave on a bill of 80 at 15 percent?", wanted("tip", bill=80, percent=15), says="12"),
    case("20% tip on 45 dollars?", wanted("tip", bill=45, percent=20), says="9"),
    case("Compute a 10 percent tip for a 62.50 bill.", wanted("tip", bill=62.5, percent=10), says="6.25"),
    case(
        "Turn off the lamps in the office and in the hall.",
        wanted("switch_lamp", room="office", on=False),
        wanted("switch_lamp", room="hall", on=False),
        says="off",
    ),
    case(
        "Say cat in French and in Spanish.",
        wanted("translate_word", word="cat", language="french"),
        wanted("translate_word", word="cat", language="spanish"),
        says="chat&gato",
    ),
    case("Good afternoon!"),
    case("What is the largest planet?", says="Jupiter"),
    case("Write a short sentence about cats.", says="cat"),
    case("Which animal barks?", says="dog"),
]
