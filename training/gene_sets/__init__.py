"""Training a gene-set model: GMT files → a collection of sets on disk → a denoising network → a model folder that `generel.apps.gene_sets` reads."""
