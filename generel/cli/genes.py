"""`generel genes`: properties of genes learned, told, judged and explained; and genes ranked for anything.

scikit-learn and torch come with what is imported inside the commands, so that `generel --help` does not pay for them.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from generel.cli.extras import ExtraGroup
from generel.cli.output import FOLDER_IS_MADE, Record, format_option, tell, write_records
from generel.cli.progress import RichProgress
from generel.cli.queries import k_option, space_option
from generel.concepts.errors import BadInput
from generel.concepts.home import Home
from generel.query.find_space import find_space

if TYPE_CHECKING:
    from generel.apps.gene_properties.explain import ExplainedPrediction
    from generel.apps.gene_properties.model_folder import PropertyModel
    from generel.apps.gene_properties.views import GeneKnowledge

VIEWS = ("text", "words", "space", "ties", "expression")
DEFAULT_VIEWS = VIEWS[:-1]
# Of `generel.apps.gene_ranking`.
WAYS = ("cosine", "votes", "both")
HEADS = {"logistic": "logistic regression", "svm": "SVM", "boosting": "gradient boosting"}

view_option = click.option("--view", "views", type=click.Choice(VIEWS), multiple=True, help="What of a gene to look at; may be given several times; the default is all there is.")
head_option = click.option("--head", "heads", type=click.Choice(list(HEADS)), multiple=True, help="A kind of classifier to choose from on inner folds; the default is all.")
expression_option = click.option("--expression", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE", help="Your own vectors of genes: Gene2Vec's text format, or a .parquet.")
column_option = click.option("--column", default="", metavar="NAME", help="The column with the class; the default is StrLabel, class, Solubility, label or Label.")
property_option = click.option("--property", "name", required=True, metavar="NAME", help="What the property is called; or the folder of a fitted one.")
seed_option = click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of folds.")


@click.group(cls=ExtraGroup, extra="genes", short_help="Learn and tell properties of genes; rank genes for anything.")
def genes() -> None:
    """Properties of genes from what is written about them, their place in the space, what they are tied to, and your own expression vectors.

    Example: generel genes fit dosage.csv --property dosage
    """


@genes.command(short_help="Learn a property from labeled genes.")
@click.argument("labels", metavar="LABELS.csv", type=click.Path(dir_okay=False, path_type=Path))
@property_option
@column_option
@view_option
@head_option
@expression_option
@seed_option
@space_option
def fit(labels: Path, name: str, column: str, views: tuple[str, ...], heads: tuple[str, ...], expression: Path | None, seed: int, space: str | None) -> None:
    """Learn a property from a file with a column of genes, one with their class, and if there is one a text on each ('Summary').

    Commas, tabs or semicolons separate its cells, whichever its header has.

    One classifier a view is chosen on folds of the genes, and a gate that says how far each view is to be trusted. The fitted property is
    kept as JSON and arrays, nothing pickled.

    Example: generel genes fit DosageSensitivity.csv --property dosage
    """
    from generel.apps.gene_properties.classifier import fit_to_all
    from generel.apps.gene_properties.labels import read_labeled_genes
    from generel.apps.gene_properties.model_folder import PropertyModel, property_folder, write_property
    from generel.index.space_folder import VECTORS_FILE, read_manifest

    labeled = read_labeled_genes(labels, column=column, property_name=Path(name).name)
    knowledge = _knowledge(space, expression)
    progress = RichProgress()
    read, named = knowledge.views(labeled.genes, labeled.texts, _views(views, expression), where=str(labels), progress=progress)
    with progress.task(f"Fit {labeled.task} to {len(labeled.genes):,} genes"):
        classifier = fit_to_all(read, labeled.gene_numbers, labeled.classes, n_classes=len(labeled.names), heads=_heads(heads), seed=seed)
    manifest = read_manifest(knowledge.folder)
    model = PropertyModel(labeled.task, labeled.names, classifier, manifest.name, manifest.digest_of(VECTORS_FILE), {"labels": labels.name, "n_genes": len(set(labeled.genes)), "n_rows": len(labeled.genes)})
    folder = property_folder(name, home=Home.from_environment())
    write_property(model, folder)
    _tell_all(named.sentences(), labeled.n_malformed)
    for view, fitted in classifier.heads.items():
        tell(f"{view}: {fitted.head}, strength {fitted.strength:g}, log loss {fitted.loss:.3f} on inner folds")
    tell(f"wrote the property '{labeled.task}' ({', '.join(labeled.names)}) to {folder}")


@genes.command(short_help="Tell a property of genes.")
@click.argument("names", nargs=-1, metavar="[GENE]...")
@property_option
@click.option("--file", type=click.Path(dir_okay=False, path_type=Path), help="Genes one a line, or a table (.csv, .tsv) with a column of genes and if there is one of texts.")
@expression_option
@space_option
@format_option
def predict(names: tuple[str, ...], name: str, file: Path | None, expression: Path | None, space: str | None, format: str) -> None:
    """The class of each GENE and its share, for a property that was fitted.

    Example: generel genes predict TP53 BRCA1 --property dosage
    """
    import numpy as np

    from generel.apps.gene_properties.labels import read_genes

    if bool(names) == bool(file):
        raise click.UsageError("give genes, or a file of them with --file")
    given, texts = read_genes(file) if file else (list(names), [""] * len(names))
    model, knowledge = _model(name, space, expression)
    views, named = knowledge.views(given, texts, list(model.classifier.heads), where=str(file or "the command line"), progress=RichProgress())
    shares = model.classifier.predict(views, np.arange(len(given)))
    known: list[bool] = np.any([views.known(view) for view in model.classifier.heads], axis=0).tolist()
    records: list[Record] = [
        {"gene": gene, "predicted": model.classes[int(row.argmax())] if told else None, "share": float(row.max()) if told else None, **dict(zip(model.classes, row.tolist(), strict=True))}
        for gene, row, told in zip(given, shares, known, strict=True)
    ]
    _tell_all(named.sentences(), 0)
    write_records(records, format=format)


@genes.command(short_help="Judge how well properties can be told.")
@click.argument("labels", nargs=-1, required=True, metavar="LABELS.csv...", type=click.Path(path_type=Path))
@column_option
@view_option
@head_option
@expression_option
@click.option("--folds", type=click.IntRange(min=2), default=5, show_default=True, help="Of each repetition.")
@click.option("--repetitions", type=click.IntRange(min=1), default=5, show_default=True, help="Each with other folds.")
@seed_option
@space_option
@format_option
def score(
    labels: tuple[Path, ...], column: str, views: tuple[str, ...], heads: tuple[str, ...], expression: Path | None, folds: int, repetitions: int, seed: int, space: str | None, format: str
) -> None:
    """Accuracy, weighted F1 and AUROC by nested cross-validation, beside the majority, TF-IDF and the raw encoder; for each file, or each of a folder.

    A gene that a file has twice is never on both sides of a fold. Accuracy is also told apart for the genes that the space knows more ties of
    (well studied) and fewer.

    Example: generel genes score gene_properties/
    """
    from generel.apps.gene_properties.judge import judge_property
    from generel.apps.gene_properties.labels import read_labeled_genes

    knowledge, progress = _knowledge(space, expression), RichProgress()
    records: list[Record] = []
    for path in _files(labels):
        labeled = read_labeled_genes(path, column=column)
        read, named = knowledge.views(labeled.genes, labeled.texts, _views(views, expression), where=str(path), progress=progress)
        _tell_all([f"{path.name}: {sentence}" for sentence in named.sentences()], labeled.n_malformed)
        records += [vars(each) for each in judge_property(labeled, read, folds=folds, repetitions=repetitions, seed=seed, heads=_heads(heads), progress=progress)]
    write_records(records, format=format, title=f"{folds} folds x {repetitions} repetitions, corrected 95 % intervals")


@genes.command(short_help="Say which words about a gene speak for its class.")
@click.argument("gene")
@property_option
@click.option("--text", default="", help="What is written about the gene; the default is what the space has.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help=f"Write a page that needs nothing else. {FOLDER_IS_MADE}")
@expression_option
@seed_option
@space_option
@format_option
def explain(gene: str, name: str, text: str, html: Path | None, expression: Path | None, seed: int, space: str | None, format: str) -> None:
    """What each word of a gene's summary adds to the log odds of the class it is told to be of (Shapley values), and what each view says.

    Example: generel genes explain ZEB2 --property dosage --html zeb2.html
    """
    from generel.apps.gene_properties.explain import explain_prediction

    model, knowledge = _model(name, space, expression)
    told = explain_prediction(model, knowledge, gene, text=text, seed=seed)
    if html:
        from generel.apps.gene_properties.explain_html import to_html
        from generel.concepts.atomic import write_beside

        with write_beside(html) as temporary:
            temporary.write_text(to_html(told, name=model.name), encoding="utf-8")
        tell(f"wrote {html}")
    tell(f"{gene} is told to be {told.predicted} (share {told.share:.3f})")
    for view, (share, power) in told.by_view.items():
        tell(f"{view} alone: {share:.3f}; its power in the gate is {power:.2f}")
    _write_words(told, format=format)


@genes.command(short_help="Rank genes for a pathway, a process or a text.")
@click.argument("term")
@click.option("--as-text", is_flag=True, help="Read TERM by its words even if it names a concept: what a term would rank that the space was never told of.")
@click.option("--by", type=click.Choice(WAYS), default=WAYS[0], show_default=True, help="Rank by the cosine of TERM and gene, by the votes of the pathways and GO terms nearest to TERM for the genes that they are known to have, or by both.")
@k_option
@space_option
@format_option
def rank(term: str, as_text: bool, by: str, k: int, space: str | None, format: str) -> None:
    """The genes for TERM, a concept or any text; known members are marked, and how well they rank (AUROC) is told.

    Example: generel genes rank "interferon gamma signaling" --as-text --by both -k 20
    """
    from generel.apps.gene_ranking import rank_genes
    from generel.query.space import EmbeddingSpace

    with EmbeddingSpace.open(space) as opened:
        resolved = opened.resolve(term)
        vector = opened.embed([resolved.concept.name])[0] if as_text else opened.vectors_of([resolved])[0]
        ranking = rank_genes(opened.folder, vector, curie=resolved.concept.curie, by=by)
    if resolved.note:
        tell(resolved.note)
    top = zip(ranking.curies[:k], ranking.symbols[:k], ranking.scores[:k], ranking.members[:k].tolist(), strict=True)
    column = "cosine" if by == WAYS[0] else "score"
    write_records(({"rank": place, "curie": curie, "symbol": symbol, column: score, "known": member} for place, (curie, symbol, score, member) in enumerate(top, 1)), format=format)
    if ranking.auroc is not None:
        tell(f"{int(ranking.members.sum()):,} genes are tied to it in the space's evidence, most of which training has seen; AUROC {ranking.auroc:.3f} against {len(ranking.members):,} genes")


def _knowledge(space: str | None, expression: Path | None) -> "GeneKnowledge":
    from generel.apps.gene_properties.views import GeneKnowledge

    return GeneKnowledge(find_space(space), home=Home.from_environment(), expression=expression)


def _model(name: str, space: str | None, expression: Path | None) -> "tuple[PropertyModel, GeneKnowledge]":
    from generel.apps.gene_properties.model_folder import property_folder, read_property

    model, knowledge = read_property(property_folder(name, home=Home.from_environment())), _knowledge(space, expression)
    model.check_space(knowledge.folder)
    return model, knowledge


def _views(views: tuple[str, ...], expression: Path | None) -> list[str]:
    """The views asked for; by default all, expression only where a file was given."""
    return list(views) or [*DEFAULT_VIEWS, *(["expression"] if expression else [])]


def _heads(heads: tuple[str, ...]) -> list[str]:
    return [HEADS[head] for head in heads or HEADS]


def _files(paths: tuple[Path, ...]) -> list[Path]:
    """The files, and those of folders (.csv, .tsv, gzipped or not) in order of their names."""
    found = [file for path in paths for file in (sorted((*path.glob("*.csv*"), *path.glob("*.tsv*"))) if path.is_dir() else [path])]
    if not found:
        raise BadInput(f"there is no .csv or .tsv in {' or '.join(map(str, paths))}")
    return found


def _write_words(told: "ExplainedPrediction", *, format: str) -> None:
    """On a terminal the words that speak most for and against the class, else all of them in order."""
    records: list[Record] = [{"word": told.attribution.text[start:end], "weight": weight} for start, end, weight in told.attribution.words]
    if format == "table":
        records.sort(key=lambda record: -abs(float(str(record["weight"]))))
        records = records[:20]
    write_records(records, format=format, columns=("word", "weight"))


def _tell_all(sentences: list[str], n_malformed: int) -> None:
    for sentence in sentences:
        tell(sentence)
    if n_malformed:
        tell(f"{n_malformed:,} rows are left out: they have too many or too few cells, or lack the gene or its class")
