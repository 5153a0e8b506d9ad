"""All sources generel knows, by name. Adding one is a file beside this one, a line here, and a slice in tests/data."""

from kg.sources import cad_locus, chebi, cpic, drugbank, hgnc, hpo, mesh, mondo, oncology, pharmgkb, synthetic_omop
from kg.sources.record import Source

ALL: tuple[Source, ...] = (
    cad_locus.SOURCE,
    chebi.SOURCE,
    cpic.SOURCE,
    drugbank.SOURCE,
    hgnc.SOURCE,
    hpo.SOURCE,
    mesh.SOURCE,
    mondo.SOURCE,
    oncology.SOURCE,
    pharmgkb.SOURCE,
    synthetic_omop.SOURCE,
)
SOURCES: dict[str, Source] = {source.name: source for source in ALL}
