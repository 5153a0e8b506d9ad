"""Assembly: the harvests of all sources become one graph of concepts in canonical CURIEs.

Identity first, then mentions (they are looked up among the folded names), then every end of every row. Two rows that
become equal are folded only within a source: what several sources say stays several rows of evidence.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import polars as pl

from generel.concepts.kinds import Kind
from generel.concepts.predicates import PREDICATES
from generel.concepts.progress import SILENT, Progress
from generel.concepts.tables import ASSOCIATIONS, COOCCURRENCES, RELATIONS, SET_ASIDE, VARIANTS
from kg.ends import UNKNOWN, check_predicates, place_ends
from kg.folding import OTHER_KIND, fold_concepts, fold_strongest, one_kind_each
from kg.gene_sets import place_gene_sets
from kg.graph import AssembledGraph
from kg.gwas import nearest_gene
from kg.harvest import MENTION, Harvest, count_set_aside
from kg.identity import Identity, identify
from kg.kind_settling import settle_kinds
from kg.lexicon import resolve_mentions
from kg.named_mappings import resolve_mappings
from kg.pruning import prune
from kg.ties import TOGETHER, predicate_of_association, relations_of_associations, relations_of_cooccurrences
from kg.withholding import withhold_genes

SYMMETRIC = [each.name for each in PREDICATES if each.symmetric]
Placed = tuple[pl.DataFrame, pl.DataFrame]


@dataclass(frozen=True)
class AssemblySettings:
    """What a recipe decides about assembly.

    Attributes:
        keep_untied: sources whose concepts stay though no relation touches them: 'all', or only those that have an
            identifier of the named prefix too (`hgnc = "uniprot"`: genes that make a protein).
        is_a_ties: sources whose is_a rows count as ties.
        least_neg_log10_p: from which significance on an association counts as a relation.
        least_ppmi: from which PPMI on a co-occurrence counts as a relation.
        nearest_gene_kb: kilobases within which a variant that no source gives a gene is given the nearest one, where genes' positions are known.
        without_genes_of: kinds whose genes are withheld: no relation ties a gene to a concept of them, and none of them is a gene set, whatever the source.
    """

    keep_untied: Mapping[str, str] = field(default_factory=dict)
    is_a_ties: tuple[str, ...] = ()
    least_neg_log10_p: float = 7.3
    least_ppmi: float = 0.5
    nearest_gene_kb: int = 500
    without_genes_of: tuple[str, ...] = ()


@dataclass(frozen=True)
class Directory:
    """Where every identifier and mention leads (`alias, kind, curie`), and why the other mentions lead nowhere (`mention, reason`)."""

    entries: pl.DataFrame
    unresolved: pl.DataFrame


def assemble(harvests: Mapping[str, Harvest], *, settings: AssemblySettings, progress: Progress = SILENT) -> AssembledGraph:
    """The one graph of all harvests, pruned.

    Args:
        harvests: by source; their order settles which of two sources of one prefix gives a concept its name.
        settings: what to keep.

    Raises:
        BadTable: a relation has an unknown predicate.
    """
    gathered = _gather(harvests)
    gathered.relations = pl.concat([gathered.relations, _nearest_genes(gathered, max_distance=1000 * settings.nearest_gene_kb)])
    check_predicates(gathered.relations)
    with progress.task("Resolving identifiers and names", total=3) as advance:
        mappings, unnamed = resolve_mappings(gathered.concepts, gathered.mappings)
        gathered.concepts, mappings = settle_kinds(gathered.concepts, mappings)
        identity = identify(gathered.concepts, mappings)
        members, other_kind = one_kind_each(identity.members)
        merges = identity.merges.join(other_kind, on=["kind", "curie"], how="anti")
        advance(1)
        concepts = fold_concepts(gathered.concepts, members, sources=list(harvests))
        advance(1)
        # Concepts that changed their name are among the members and the merges.
        directory = _directory(gathered, concepts, members=members, identifiers=pl.concat([members, merges.select(members.columns)]).unique())
        advance(1)
    with progress.task("Assembling the graph", total=2) as advance:
        relations, associations, variants, cooccurrences = _place_all(gathered, directory, sources=list(harvests))
        made = [
            relations_of_associations(associations[0], least_neg_log10_p=settings.least_neg_log10_p),
            relations_of_cooccurrences(cooccurrences[0], least_ppmi=settings.least_ppmi),
        ]
        folded, _ = fold_strongest(pl.concat([relations[0], *made]), key=list(RELATIONS.key), by=["confidence"], table="RELATIONS")
        advance(1)
        set_aside = [gathered.set_aside, unnamed, identity.set_aside, _of_other_kind(gathered.concepts, identity, other_kind)]
        set_aside += [lost for _, lost in (relations, associations, variants, cooccurrences)]
        gene_sets, lost = place_gene_sets(gathered.gene_sets, directory.entries, unresolved=directory.unresolved)
        graph = AssembledGraph(concepts, folded, associations[0], variants[0], cooccurrences[0], gene_sets, merges, _total([*set_aside, lost]))
        pruned = prune(withhold_genes(graph, kinds=settings.without_genes_of), keep_untied=settings.keep_untied, is_a_ties=settings.is_a_ties)
        advance(1)
    return pruned


def _gather(harvests: Mapping[str, Harvest]) -> Harvest:
    """One harvest with the rows of all."""
    parts = [Harvest(), *harvests.values()]
    return Harvest(**{each.name: pl.concat([getattr(part, each.name) for part in parts]) for each in fields(Harvest)})


def _nearest_genes(gathered: Harvest, *, max_distance: int) -> pl.DataFrame:
    """RELATIONS of the variants that no source gives a gene to the genes around or nearest to them."""
    known = gathered.relations.filter(pl.col("predicate") == nearest_gene.PREDICATE)["subject"].unique()
    without = gathered.variants.filter(~pl.col("variant").is_in(known.implode()))
    return nearest_gene.nearest_genes(without, gathered.gene_positions, max_distance=max_distance)


def _directory(gathered: Harvest, concepts: pl.DataFrame, *, members: pl.DataFrame, identifiers: pl.DataFrame) -> Directory:
    """Where the identifiers and all mentions of the gathered rows lead."""
    ends = [gathered.relations["subject"], gathered.relations["object"], gathered.associations["variant"], gathered.associations["trait"]]
    ends += [gathered.cooccurrences["left"], gathered.cooccurrences["right"], gathered.variants["variant"], gathered.gene_sets["gene"]]
    mentions = pl.concat([end.rename("mention") for end in ends])
    merged_names = gathered.concepts.select("kind", "name", alias="curie").join(members, on=["kind", "alias"])
    resolution = resolve_mentions(mentions.filter(mentions.str.starts_with(MENTION)), concepts, merged_names=merged_names)
    meant = resolution.found.select("kind", "curie", alias="mention")
    entries = pl.concat([each.select("alias", "kind", "curie") for each in (identifiers, meant)])
    return Directory(entries, resolution.unresolved)


def _place_all(gathered: Harvest, directory: Directory, *, sources: list[str]) -> tuple[Placed, Placed, Placed, Placed]:
    """Relations, associations, variants and co-occurrences in canonical CURIEs, each with its SET_ASIDE."""
    relations = _place(gathered.relations, directory, table="RELATIONS", key=list(RELATIONS.key), by=["confidence"])
    of_associations = gathered.associations.with_columns(predicate=predicate_of_association(pl.col("trait"))).rename({"variant": "subject", "trait": "object"})
    key = ["subject", "object", "study", "effect_allele"]
    # Of two sources that tell of one study, the earlier in the recipe is believed.
    places = {source: -place for place, source in enumerate(sources)}
    of_associations = of_associations.with_columns(precedence=pl.col("source").replace_strict(places, default=-len(places), return_dtype=pl.Int64))
    associations = _place(of_associations, directory, table="ASSOCIATIONS", key=key, by=["precedence", "neg_log10_p", "n"])
    of_pairs = gathered.cooccurrences.rename({"left": "subject", "right": "object"}).with_columns(predicate=pl.lit(TOGETHER))
    pairs = _place(of_pairs, directory, table="COOCCURRENCES", key=["subject", "object", "cohort"], by=["n_together", "ppmi"])
    return (
        (relations[0].select(*RELATIONS.columns), relations[1]),
        (associations[0].rename({"subject": "variant", "object": "trait"}).select(*ASSOCIATIONS.columns), associations[1]),
        _place_variants(gathered.variants, directory.entries),
        (pairs[0].rename({"subject": "left", "object": "right"}).select(*COOCCURRENCES.columns), pairs[1]),
    )


def _place(rows: pl.DataFrame, directory: Directory, *, table: str, key: list[str], by: list[str]) -> Placed:
    """Rows with both ends in place, symmetric ones with the smaller CURIE first, folded, and SET_ASIDE."""
    placed, lost = place_ends(rows, directory.entries, table=table, unresolved=directory.unresolved)
    folded, repeated = fold_strongest(smaller_first(placed), key=key, by=by, table=table)
    return folded, pl.concat([lost, repeated])


def smaller_first(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with the ends of symmetric predicates exchanged where the subject is the larger; `n_left` and `n_right` go along."""
    swap = (pl.col("subject") > pl.col("object")) & pl.col("predicate").is_in(SYMMETRIC)
    pairs = [("subject", "object")] + ([("n_left", "n_right")] if "n_left" in rows.columns else [])
    exchanged = {here: pl.when(swap).then(there).otherwise(here) for a, b in pairs for here, there in ((a, b), (b, a))}
    return rows.with_columns(**exchanged)


def _place_variants(variants: pl.DataFrame, entries: pl.DataFrame) -> Placed:
    """VARIANTS in canonical CURIEs, folded, and SET_ASIDE."""
    known = entries.filter(pl.col("kind") == Kind.VARIANT.value).select("curie", variant="alias")
    joined = variants.join(known, on="variant", how="left", maintain_order="left")
    lost = joined.filter(pl.col("curie").is_null()).select("source", table=pl.lit("VARIANTS"), key="variant", reason=pl.lit(UNKNOWN))
    placed = joined.filter(pl.col("curie").is_not_null()).with_columns(variant="curie").select(*VARIANTS.columns)
    folded, repeated = fold_strongest(placed, key=list(VARIANTS.key), by=["source_version"], table="VARIANTS")
    return folded, pl.concat([count_set_aside(lost), repeated])


def _of_other_kind(concepts: pl.DataFrame, identity: Identity, other_kind: pl.DataFrame) -> pl.DataFrame:
    """SET_ASIDE of the concept rows whose canonical CURIE names a concept of another kind."""
    lost = identity.members.join(other_kind, on=["kind", "curie"]).select("kind", curie="alias")
    rows = concepts.join(lost, on=["kind", "curie"]).select("source", table=pl.lit("CONCEPTS"), key="curie", reason=pl.lit(OTHER_KIND))
    return count_set_aside(rows)


def _total(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """One SET_ASIDE; counts of equal keys are added up."""
    return pl.concat(parts).group_by(SET_ASIDE.key).agg(pl.col("n").sum()).sort(SET_ASIDE.key)
