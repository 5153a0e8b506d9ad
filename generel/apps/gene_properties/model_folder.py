"""A fitted property on the disk: a folder with `property.json` and `heads.skops`, neither of them pickled.

skops keeps the structure of scikit-learn's estimators as JSON and their numbers as .npy files in a zip; only the types below are made
when it is read, and a file that asks for others is refused. A model belongs to the vectors of one space: another release has other axes.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import generel
from generel.apps.gene_properties.classifier import FittedHead, PropertyClassifier
from generel.apps.gene_properties.gate import Gate
from generel.concepts.atomic import build_beside
from generel.concepts.errors import BuildMismatch, Corrupt, MissingExtra, NotThere
from generel.concepts.home import Home
from generel.index.space_folder import VECTORS_FILE, read_manifest

FORMAT = 1
FACTS, HEADS_FILE = "property.json", "heads.skops"
# What heads are made of besides what skops trusts by itself.
TRUSTED = frozenset({
    "sklearn._loss.link.LogitLink", "sklearn._loss.link.MultinomialLogit", "sklearn._loss.link.Interval", "sklearn._loss._loss.CyHalfBinomialLoss",
    "sklearn._loss._loss.CyHalfMultinomialLoss", "sklearn._loss.loss.HalfBinomialLoss", "sklearn._loss.loss.HalfMultinomialLoss",
    "sklearn.calibration._CalibratedClassifier", "sklearn.calibration._SigmoidCalibration", "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
})


@dataclass(frozen=True)
class PropertyModel:
    """A property that was learned.

    Attributes:
        name: of the property.
        classes: their names, in the order of the classifier's shares.
        space: the name of the space whose views it reads.
        vectors_digest: SHA-256 of that space's vectors.
        facts: what else is known of it: rows, heads, cross-validated figures.
    """

    name: str
    classes: list[str]
    classifier: PropertyClassifier
    space: str
    vectors_digest: str
    facts: dict[str, Any]

    def check_space(self, folder: Path) -> None:
        """Nothing, if the space in `folder` is the one that the property was learned in.

        Raises:
            BuildMismatch: it is another, or was released anew.
        """
        manifest = read_manifest(folder)
        if manifest.digest_of(VECTORS_FILE) != self.vectors_digest:
            raise BuildMismatch(
                f"the property '{self.name}' was learned in the space '{self.space}', and the vectors of '{manifest.name}' are others; give that space with --space, or fit the property again"
            )


def property_folder(name: str, *, home: Home) -> Path:
    """Where a property of that name lies; a path stays as it is."""
    return Path(name) if "/" in name else home.root / "gene_properties" / name


def write_property(model: PropertyModel, folder: Path) -> None:
    """Write the model to `folder`, in the place of what is there.

    Raises:
        MissingExtra: skops is not installed.
    """
    skops = _skops()
    classifier = model.classifier
    facts = {
        "format": FORMAT, "generel": generel.__version__, "name": model.name, "classes": model.classes, "space": model.space, "vectors_digest": model.vectors_digest,
        "heads": {view: {"head": fitted.head, "strength": fitted.strength, "inner_log_loss": fitted.loss} for view, fitted in classifier.heads.items()},
        "gate": {"powers": classifier.gate.powers.tolist(), "of_study": classifier.gate.of_study.tolist()}, "facts": model.facts,
    }
    with build_beside(folder) as temporary:
        skops.dump({view: fitted.estimator for view, fitted in classifier.heads.items()}, temporary / HEADS_FILE)
        (temporary / FACTS).write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_property(folder: Path) -> PropertyModel:
    """The model in `folder`.

    Raises:
        NotThere: there is none.
        MissingExtra: skops is not installed.
        Corrupt: it cannot be read, is of another format, or holds types that no head is made of.
    """
    skops = _skops()
    if not (folder / FACTS).is_file():
        raise NotThere(f"{folder} holds no property; make one with: generel genes fit LABELS.csv --property NAME")
    try:
        facts = json.loads((folder / FACTS).read_bytes())
        if facts["format"] != FORMAT:
            raise Corrupt(f"{folder} has format {facts['format']!r}; this generel reads format {FORMAT}: fit the property again")
        if strange := sorted(set(skops.get_untrusted_types(file=folder / HEADS_FILE)) - TRUSTED):
            raise Corrupt(f"{folder / HEADS_FILE} asks for types that no head is made of: {', '.join(strange)}; do not use it, fit the property again")
        estimators = skops.load(folder / HEADS_FILE, trusted=sorted(TRUSTED))
        heads = {view: FittedHead(told["head"], told["strength"], told["inner_log_loss"], estimators[view]) for view, told in facts["heads"].items()}
        gate = Gate(np.array(facts["gate"]["powers"]), np.array(facts["gate"]["of_study"]))
        return PropertyModel(facts["name"], facts["classes"], PropertyClassifier(heads, gate, len(facts["classes"])), facts["space"], facts["vectors_digest"], facts["facts"])
    except Corrupt:
        raise
    # A damaged zip, JSON or array fails in as many ways as there are readers below skops.
    except Exception as error:
        raise Corrupt(f"{folder} cannot be read as a property ({type(error).__name__}: {error}); fit it again") from error


def _skops() -> Any:
    try:
        import skops.io
    except ImportError as error:
        raise MissingExtra("skops", "genes", "keeping a property") from error
    return skops.io
