"""Properties of genes told from what is known of them: learned from labeled genes, judged by cross-validation, kept as a model."""
