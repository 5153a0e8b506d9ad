"""How a gene-set model is trained: one frozen record with all defaults. Nothing heavy is imported here."""

from dataclasses import dataclass

from generel.concepts.errors import BadInput

STARTS = ("profiles", "space", "free")
LOSSES = ("sampled", "softmax", "bce")


@dataclass(frozen=True)
class Settings:
    """One training.

    Attributes:
        start: of STARTS, what the genes' vectors are before training, and what they are compared by besides what is learned: profiles made
            of the sets and of the genes' names and summaries; the space's own vectors; or random ones, and nothing besides.
        summaries: whether profiles read what is written of the genes.
        loss: of LOSSES: softmax over the hidden genes and a sample of the others, over all genes, or a yes or no for each gene.
        dims, hidden: size of the genes' learned vectors and of the layer between.
        profile_dims: size of the profiles.
        minimum, maximum: sets with fewer or more known genes are not learned.
        least_sets: a name that no space knows is a gene if it is in so many sets; where a space is given, it is the judge.
        batch, passes: sets a step; how many steps there are, in passes over all sets.
        shown: smallest and largest part of a set that is put in; the rest is to come out.
        inputs, targets: so many genes of a set go in, and are asked for, at most; drawn anew each time.
        negatives: genes drawn for the sampled loss.
        gene_rate, layer_rate: learning rates of the genes' vectors and of the layers, at first; they fall to nothing.
        dropout: of the hidden layer.
        library_exponent: a library of n sets is drawn as often as n to this power says.
        held_out: part of the sets that stop the training and are not learned.
        checks, patience: how often a run is checked on them, and how many checks without a better one end it.
        shuffles: how often each set is halved when libraries are measured.
        kept_sets: libraries of more sets are learned from, but not kept beside the model.
        seed: of every draw.
    """

    start: str = "profiles"
    summaries: bool = True
    loss: str = "sampled"
    dims: int = 512
    hidden: int = 512
    profile_dims: int = 1024
    minimum: int = 5
    maximum: int = 2000
    least_sets: int = 2
    batch: int = 256
    passes: float = 20.0
    shown: tuple[float, float] = (0.2, 0.8)
    inputs: int = 128
    targets: int = 16
    negatives: int = 1024
    gene_rate: float = 3e-4
    layer_rate: float = 5e-4
    dropout: float = 0.2
    library_exponent: float = 0.5
    held_out: float = 0.02
    checks: int = 10
    patience: int = 3
    shuffles: int = 5
    kept_sets: int = 50_000
    seed: int = 20261121

    def __post_init__(self) -> None:
        """Refuses what cannot be.

        Raises:
            BadInput: naming all that is wrong.
        """
        wrong = [f"{name} is {value!r}, not one of {', '.join(words)}" for name, value, words in (("start", self.start, STARTS), ("loss", self.loss, LOSSES)) if value not in words]
        wrong += [f"{name} is {getattr(self, name)}, and must be 1 or more" for name in ("dims", "hidden", "profile_dims", "batch", "inputs", "targets", "negatives", "checks", "patience", "shuffles") if getattr(self, name) < 1]
        wrong += [f"minimum is {self.minimum}, and must be 2 or more: a set is cut into what is shown and what is hidden"] if self.minimum < 2 else []
        wrong += [f"maximum is {self.maximum}, below the minimum of {self.minimum}"] if self.maximum < self.minimum else []
        wrong += [f"shown is {self.shown}, and must be two parts of a set in ascending order between 0 and 1"] if not 0 < self.shown[0] <= self.shown[1] < 1 else []
        wrong += [f"{name} is {getattr(self, name)}, and must be in [0, 1)" for name in ("dropout", "held_out") if not 0 <= getattr(self, name) < 1]
        if wrong:
            raise BadInput(f"a gene-set model cannot be trained like this: {'; '.join(wrong)}")
