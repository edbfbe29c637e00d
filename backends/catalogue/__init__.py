"""What is known of models before one is asked: price, context window, what they read and can do."""

from .catalogue import Catalogue, Quote
from .errors import BadEntry
from .info import Modality, ModelInfo
from .price import FREE, Price
from .source import Source

__all__ = ["FREE", "BadEntry", "Catalogue", "Modality", "ModelInfo", "Price", "Quote", "Source"]
