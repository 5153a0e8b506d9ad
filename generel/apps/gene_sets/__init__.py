"""Gene sets: what completes a list of genes, which sets are like it, what a gene does, what a list is enriched in.

`GeneSetModel.open` reads a model that `generel genesets train` has made; neither torch nor the training side is needed.
"""

from generel.apps.gene_sets.model import GeneSetModel
from generel.apps.gene_sets.records import Annotation, Completion, Enrichment, LibraryFigures, SimilarSet

__all__ = ["Annotation", "Completion", "Enrichment", "GeneSetModel", "LibraryFigures", "SimilarSet"]
