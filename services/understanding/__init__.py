"""What a person's own sentence means: the intents that the chat answers, and the classifier that finds them."""

from services.understanding.meanings import IntentArticle, IntentSource, Meanings
from services.understanding.registry import UnderstandingServices

__all__ = ["IntentArticle", "IntentSource", "Meanings", "UnderstandingServices"]
