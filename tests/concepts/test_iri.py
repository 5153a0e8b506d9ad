"""Addresses that stand for identifiers, and those that do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generel.concepts.curie import Curie
from generel.concepts.iri import shorten
from generel.concepts.prefixes import PREFIXES, Prefix
from tests.concepts.test_curie import identified

ADDRESSES = [
    ("http://purl.obolibrary.org/obo/MONDO_0005148", "mondo:0005148"),
    ("<http://purl.obolibrary.org/obo/HP_0000822>", "hp:0000822"),
    ("obo:MONDO_0005148", "mondo:0005148"),
    ("https://identifiers.org/mondo/0005148", "mondo:0005148"),
    ("https://identifiers.org/MONDO:0005148", "mondo:0005148"),
    ("identifiers.org/mondo:0005148", "mondo:0005148"),
    ("https://identifiers.org/hgnc/HGNC:11641", "hgnc:11641"),
    ("https://identifiers.org/mim/602228", "omim:602228"),
    ("https://identifiers.org/orphanet.ordo/Orphanet_552", "orphanet:552"),
    ("urn:miriam:hgnc:11641", "hgnc:11641"),
    ("https://bioregistry.io/DOID:9352", "doid:9352"),
    ("http://www.orpha.net/ORDO/Orphanet_552", "orphanet:552"),
    ("http://www.ebi.ac.uk/efo/EFO_0001360", "efo:0001360"),
    ("https://www.ncbi.nlm.nih.gov/snp/rs7903146", "dbsnp:rs7903146"),
    ("http://www.ncbi.nlm.nih.gov/gene/6934/", "ncbigene:6934"),
    ("https://omim.org/entry/602228", "omim:602228"),
    ("http://id.nlm.nih.gov/mesh/D003924", "mesh:D003924"),
    ("https://www.ensembl.org/id/ENSG00000148737.12", "ensembl:ENSG00000148737"),
    ("https://www.ebi.ac.uk/chebi/searchId.do?chebiId=CHEBI:6801", "chebi:6801"),
    ("http://www.ebi.ac.uk/QuickGO/term/GO:0006915", "go:0006915"),
]


@pytest.mark.parametrize(("address", "curie"), ADDRESSES)
def test_an_address_is_read_as_its_identifier(address: str, curie: str) -> None:
    """Ontologies' IRIs, resolvers and the databases' own pages, with or without the scheme."""
    assert str(Curie.parse(shorten(address))) == curie


@pytest.mark.parametrize("prefix", [prefix for prefix in PREFIXES if prefix.link], ids=lambda prefix: prefix.name)
@given(data=st.data())
def test_a_link_leads_back_to_its_concept(prefix: Prefix, data: st.DataObject) -> None:
    """What `Curie.link` gives is read as the same CURIE."""
    curie = data.draw(identified(prefix))
    assert Curie.parse(shorten(curie.link)) == curie


@pytest.mark.parametrize("text", ["https://example.org/gene/6934", "http://purl.obolibrary.org/obo/", "warfarin", "MONDO:0005148", "obo:nothing", "https://", "gene/6934"])
def test_what_is_no_such_address_comes_back_as_it_is(text: str) -> None:
    """A number at the end of an unknown path names nothing; neither do plain words."""
    assert shorten(text) == text


@given(st.text())
def test_any_text_is_shortened_or_left_alone(text: str) -> None:
    """Nothing fails, and nothing is shortened to more than it was."""
    assert len(shorten(text)) <= len(text)
