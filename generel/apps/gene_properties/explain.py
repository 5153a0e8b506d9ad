"""Which words about a gene bring a prediction about: Shapley values of the log odds of a class, word by word.

What the other views say of the gene stays as it is; the text is read anew without some of its words. The weights add up to the log odds with the
whole text minus those without any.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from generel.apps.gene_properties.model_folder import PropertyModel
from generel.apps.gene_properties.views import TEXT, WORDS, GeneKnowledge, Views
from generel.concepts.errors import BadInput
from generel.model.attribution import Attribution, Floats, attribute


@dataclass(frozen=True)
class ExplainedPrediction:
    """A prediction and what it rests on.

    Attributes:
        predicted: the class.
        share: of the class.
        by_view: its share by each view alone, and the view's power in the gate (0 where it knows nothing of the gene).
        attribution: the words of the text and what each adds to the log odds of the class; its `cosine` and `base` are log odds too.
    """

    gene: str
    predicted: str
    share: float
    by_view: dict[str, tuple[float, float]]
    attribution: Attribution


def explain_prediction(model: PropertyModel, knowledge: GeneKnowledge, gene: str, *, text: str = "", seed: int = 0) -> ExplainedPrediction:
    """The class of one gene and the words that speak for it.

    Args:
        text: what is written about the gene; empty for what the space has.

    Raises:
        BadInput: no view of the model reads text, nothing is written about the gene, or it is not in the space.
    """
    classifier = model.classifier
    if not {TEXT, WORDS} & set(classifier.heads):
        raise BadInput(f"the property '{model.name}' is told from {' and '.join(classifier.heads)} alone, which have no words; fit it with --view text")
    views, named = knowledge.views([gene], [text], list(classifier.heads), where="the command line")
    named.require_some(where="the command line")
    if not views.texts[0]:
        raise BadInput(f"nothing is written about {gene}; give a text with --text")
    shares = classifier.predict(views, np.array([0]))[0]
    best = int(shares.argmax())
    alone = classifier.by_view(views, np.array([0]))[:, 0, best]
    powers = np.exp(classifier.gate.powers + classifier.gate.of_study * np.tanh(views.study[0])) * [bool(views.known(view)[0]) for view in classifier.heads]
    by_view = {view: (float(share), float(power)) for view, share, power in zip(classifier.heads, alone, powers, strict=True)}

    def log_odds(texts: Sequence[str]) -> Floats:
        of_class = classifier.predict(_read_anew(views, knowledge, texts), np.arange(len(texts)))[:, best]
        return np.log(of_class / np.maximum(1 - of_class, 1e-9))[:, None].astype(np.float32)

    attribution = attribute(log_odds, views.texts[0], np.ones(1, dtype=np.float32), seed=seed)
    return ExplainedPrediction(gene, model.classes[best], float(shares[best]), by_view, attribution)


def _read_anew(views: Views, knowledge: GeneKnowledge, texts: Sequence[str]) -> Views:
    """The views of one gene, once for each text about it."""
    blocks = {view: knowledge.read_texts(view, texts) if view in (TEXT, WORDS) else np.repeat(views.blocks[view], len(texts), axis=0) for view in views.blocks}
    return Views(blocks, np.repeat(views.study, len(texts)), list(texts))
