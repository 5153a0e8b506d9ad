"""From positions to genes: all around a position, else the nearest; by a plain loop over all pairs."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from source_slices import files_of

from generel.concepts.tables import GENE_POSITIONS, RELATIONS, VARIANTS, check
from kg.gwas.nearest_gene import HALFWAY_BASES, nearest_genes
from kg.sources.gene_positions import SOURCE

FAR = 10**9
Place = tuple[str, int]
Span = tuple[str, int, int]


def variants_of(places: list[Place], build: str = "GRCh38") -> pl.DataFrame:
    rows = [{"variant": f"dbsnp:rs{number}", "build": build, "chromosome": chromosome, "position": position} for number, (chromosome, position) in enumerate(places)]
    frame = pl.DataFrame(rows, schema={name: VARIANTS.columns[name] for name in ("variant", "build", "chromosome", "position")})
    return frame.with_columns(alternate_allele=pl.lit("?"), reference_allele=pl.lit(None), consequence=pl.lit(None), source=pl.lit("s"), source_version=pl.lit("1"))


def genes_of(spans: list[Span]) -> pl.DataFrame:
    rows = [{"gene": f"ensembl:ENSG{number:011}", "chromosome": chromosome, "start": start, "end": end} for number, (chromosome, start, end) in enumerate(spans)]
    frame = pl.DataFrame(rows, schema={name: GENE_POSITIONS.columns[name] for name in ("gene", "chromosome", "start", "end")})
    texts = {"build": "GRCh38", "source": "genes", "source_version": "1", "license": "CC0-1.0"}
    return check(frame.with_columns(strand=pl.lit(None), biotype=pl.lit(None), **{name: pl.lit(text) for name, text in texts.items()}), GENE_POSITIONS)


def by_plain_loop(places: list[Place], spans: list[Span], *, max_distance: int) -> dict[tuple[str, str], float]:
    found = {}
    for number, (chromosome, position) in enumerate(places):
        distances = {gene: max(start - position, position - end, 0) for gene, (where, start, end) in enumerate(spans) if where == chromosome}
        least = min(distances.values(), default=FAR)
        for gene, distance in distances.items():
            if distance == least and distance <= max_distance:
                found[f"dbsnp:rs{number}", f"ensembl:ENSG{gene:011}"] = HALFWAY_BASES / (HALFWAY_BASES + distance)
    return found


def found_by(places: list[Place], spans: list[Span], *, max_distance: int = FAR) -> dict[tuple[str, str], float]:
    rows = nearest_genes(variants_of(places), genes_of(spans), max_distance=max_distance)
    check(rows, RELATIONS)
    return {(subject, object_): confidence for subject, object_, confidence in rows.select("subject", "object", "confidence").iter_rows()}


chromosomes = st.sampled_from(["1", "2", "X"])
places_drawn = st.lists(st.tuples(chromosomes, st.integers(1, 60)), max_size=12)
spans_drawn = st.lists(st.tuples(chromosomes, st.integers(1, 50), st.integers(0, 25)).map(lambda each: (each[0], each[1], each[1] + each[2])), max_size=10)


@settings(max_examples=60)
@given(places_drawn, spans_drawn, st.integers(0, 30))
def test_the_genes_are_those_of_a_plain_loop(places: list[Place], spans: list[Span], max_distance: int) -> None:
    """Genes that overlap, lie in each other, begin together, and ties on both sides."""
    assert found_by(places, spans, max_distance=max_distance) == pytest.approx(by_plain_loop(places, spans, max_distance=max_distance))


def test_a_short_gene_inside_a_long_one_does_not_hide_it() -> None:
    """Position 900 lies in the gene 1-1000 though a later one ended at 500; both ends are inside."""
    spans = [("1", 1, 1000), ("1", 400, 500)]
    assert set(found_by([("1", 900), ("1", 1000), ("1", 450)], spans)) == {
        ("dbsnp:rs0", "ensembl:ENSG00000000000"), ("dbsnp:rs1", "ensembl:ENSG00000000000"), ("dbsnp:rs2", "ensembl:ENSG00000000000"), ("dbsnp:rs2", "ensembl:ENSG00000000001"),
    }


def test_a_gene_fifty_kilobases_off_is_half_as_likely() -> None:
    """1 inside, 1/2 at 50,000 bases; further than asked is nothing."""
    spans = [("1", 100_000, 200_000)]
    assert found_by([("1", 150_000), ("1", 250_000)], spans) == {("dbsnp:rs0", "ensembl:ENSG00000000000"): 1.0, ("dbsnp:rs1", "ensembl:ENSG00000000000"): 0.5}
    assert found_by([("1", 250_000)], spans, max_distance=49_999) == {}


def test_positions_of_another_build_find_nothing() -> None:
    """GRCh37 and GRCh38 are different coordinates."""
    assert nearest_genes(variants_of([("1", 5)], "GRCh37"), genes_of([("1", 1, 10)]), max_distance=FAR).is_empty()


def test_genes_of_ensembl_can_be_looked_up() -> None:
    """rs7903146 lies in TCF7L2, rs9939609 in FTO; a position in an antisense transcript's gene is in both."""
    genes = SOURCE.read(files_of("gene_positions"), SOURCE).gene_positions
    rows = nearest_genes(variants_of([("10", 112_998_590), ("16", 53_786_615), ("16", 54_010_500)]), genes, max_distance=500_000)
    assert rows.select("subject", "object").rows() == [
        ("dbsnp:rs0", "ensembl:ENSG00000148737"), ("dbsnp:rs1", "ensembl:ENSG00000140718"), ("dbsnp:rs2", "ensembl:ENSG00000140718"), ("dbsnp:rs2", "ensembl:ENSG00000260194"),
    ]
    assert set(rows["license"]) == {SOURCE.license}
