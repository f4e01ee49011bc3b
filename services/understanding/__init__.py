"""What a person's own sentence means: the intents that the chat answers, the classifier that finds them, what it didn't
understand, and the meaning that the office gives to that."""

from services.understanding.meanings import IntentArticle, IntentSource, Meanings, Suggestion, speaker_of
from services.understanding.misunderstood import MISUNDERSTOOD_TTL, RECURRING, Misunderstood, SentenceView
from services.understanding.paraphrase_editing import ParaphraseEditing, ParaphraseView
from services.understanding.paraphrases import Paraphrases
from services.understanding.registry import UnderstandingServices

__all__ = [
    "MISUNDERSTOOD_TTL",
    "RECURRING",
    "IntentArticle",
    "IntentSource",
    "Meanings",
    "Misunderstood",
    "ParaphraseEditing",
    "ParaphraseView",
    "Paraphrases",
    "SentenceView",
    "Suggestion",
    "UnderstandingServices",
    "speaker_of",
]
