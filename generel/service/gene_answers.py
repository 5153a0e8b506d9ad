"""What the service answers of genes and lists of them."""

from dataclasses import dataclass

from generel.apps.gene_sets.records import Annotation, Completion, Gene, GeneSet, LibraryFigures


@dataclass(frozen=True)
class CompletedSet:
    """The genes that complete a list, best first; `notes` say what of the list could not be read."""

    genes: tuple[Completion, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Function:
    """A set that the gene is predicted to belong to: `Annotation` without what is the same for all of them."""

    gene_set: GeneSet
    rank: int
    known: bool
    score: float
    percentile: float

    @classmethod
    def of(cls, annotation: Annotation) -> "Function":
        """The same, of what the model says."""
        return cls(annotation.gene_set, annotation.rank, annotation.known, annotation.score, annotation.percentile)


@dataclass(frozen=True)
class LibraryFunctions:
    """The gene's functions in one library, and how well the library's sets were completed unseen."""

    figures: LibraryFigures
    functions: tuple[Function, ...]


@dataclass(frozen=True)
class GenePage:
    """A gene's predicted functions, by library."""

    gene: Gene
    libraries: tuple[LibraryFunctions, ...]
