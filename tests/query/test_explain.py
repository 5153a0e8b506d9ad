"""Explanations in the world of twelve, as records and as a page."""

import pickle
import re
from urllib.parse import urlsplit

import bioregistry
import pytest

from generel.concepts.prefixes import PREFIXES
from generel.query.explain_html import say_relatedness, to_html
from generel.query.explain_records import link_of
from generel.query.records import Concept, Relatedness
from generel.query.space import EmbeddingSpace


def test_evidence_comes_with_source_license_and_link(space: EmbeddingSpace) -> None:
    """Two sources say that simvastatin treats a heart attack; the manifest knows their titles, the table of prefixes the pages."""
    relations = space.explain("heart attack", "DB00641").relations
    assert [(each.subject.name, each.phrase, each.object.name, each.source, each.source_version, each.license, each.confidence, each.title) for each in relations] == [
        ("simvastatin", "treats", "myocardial infarction", "cpic", "1", "CC0-1.0", 1.0, "CPIC"),
        ("simvastatin", "treats", "myocardial infarction", "pharmgkb", "1", "CC0-1.0", 1.0, "PharmGKB"),
    ]
    assert link_of(relations[0].subject) == "https://www.ebi.ac.uk/chebi/CHEBI:9150"
    assert link_of(Concept("", "text", "a broken heart")) == ""


def test_paths_lead_over_what_lies_between(space: EmbeddingSpace) -> None:
    """rs4149056 – SLCO1B1 – simvastatin – infarction, and rs4149056 – simvastatin – infarction before it."""
    explained = space.explain("rs4149056", "mondo:0005068")
    assert [[step.right.name for step in path.steps] for path in explained.paths] == [
        ["simvastatin", "myocardial infarction"], ["SLCO1B1", "simvastatin", "myocardial infarction"],
    ]
    assert explained.relations == ()
    assert [step.phrase for step in explained.paths[1].steps] == ["lies in or near", "is the target of", "treats"]


def test_shared_neighbors_are_ranked_by_the_farther_of_the_two(space: EmbeddingSpace) -> None:
    """Of the drugs, atorvastatin (2, 4, 0) is nearer to both rs4149056 (0, 4, 0) and the infarction (4, 1, 0) than the others; neither is among them itself."""
    near = space.explain("rs4149056", "mondo:0005068", k=2).shared_neighbors
    cosines = {each.concept.name: (each.cosine_left, each.cosine_right) for each in near["drug"]}
    assert list(cosines) == ["atorvastatin", "simvastatin"]
    assert cosines["atorvastatin"] == pytest.approx((2 / 5**0.5, 12 / (20 * 17) ** 0.5), abs=1e-6)
    assert all({"rs4149056", "myocardial infarction"}.isdisjoint(each.concept.name for each in group) for group in near.values())


def test_free_text_has_words_and_neighbors_but_no_evidence(space: EmbeddingSpace) -> None:
    """'heart' takes the text from the corner (cosine 1/√3 · … ) to the first axis, where the infarction lies; 'a broken' does nothing."""
    explained = space.explain("a broken heart", "hp:0001658")
    assert (explained.relations, explained.paths, explained.shared_ties) == ((), (), ())
    (words,) = explained.attributions
    assert [round(weight, 4) for *_, weight in words.attribution.words] == [0.0, 0.0, round(1 - 3**-0.5, 4)]
    assert words.toward.name == "Myocardial infarction"
    assert say_relatedness(explained.relatedness) == "Cosine 1.000; free text is not calibrated."


def test_names_are_weighed_when_asked(space: EmbeddingSpace) -> None:
    """Both names have two words; that of a gene has one and is left out."""
    assert [each.of.name for each in space.explain("mondo:0005068", "mondo:0007254", words=True).attributions] == ["myocardial infarction", "breast cancer"]
    assert [each.of.name for each in space.explain("CAT", "mondo:0007254", words=True).attributions] == ["breast cancer"]
    assert space.explain("mondo:0005068", "mondo:0007254").attributions == ()


def test_a_concept_explained_by_itself_has_no_paths(space: EmbeddingSpace) -> None:
    """Nor shared ties: it would share everything."""
    explained = space.explain("simvastatin", "simvastatin")
    assert (explained.relations, explained.paths, explained.shared_ties) == ((), (), ())
    assert explained.relatedness.cosine == pytest.approx(1.0)


def test_an_explanation_pickles_and_is_the_same_twice(space: EmbeddingSpace) -> None:
    """Plain frozen records."""
    explained = space.explain("rs4149056", "mondo:0005068")
    assert pickle.loads(pickle.dumps(explained)) == explained == space.explain("rs4149056", "mondo:0005068")
    with pytest.raises(ValueError, match="k is 0"):
        space.explain("CAT", "BRCA1", k=0)


def test_the_page_asks_for_nothing_and_escapes_everything(space: EmbeddingSpace) -> None:
    """No script, image or style sheet of elsewhere; what a text holds is shown as it stands."""
    page = to_html(space.explain('<script>alert("heart")</script> & muscle', "simvastatin"))
    assert "<script" not in page and "&lt;script&gt;alert(&quot;heart&quot;)&lt;/script&gt;" in page
    assert not re.search(r"\b(src|srcset|action)\s*=|@import|url\(|<(link|img|iframe|object|embed|form)\b", page)
    evidence = to_html(space.explain("heart attack", "simvastatin"))
    assert re.findall(r'href="([^"]*)"', evidence)[0] == "https://monarchinitiative.org/MONDO:0005068"
    assert all(address.startswith("https://") for address in re.findall(r'href="([^"]*)"', evidence))
    assert "default-src 'none'" in evidence and "p = " in evidence


def test_every_link_leads_to_a_provider_that_the_bioregistry_knows() -> None:
    """By its host; the five named here are not among those it lists, and whether they answer is not checked here."""
    unlisted = {
        "mondo": "monarchinitiative.org", "hp": "hpo.jax.org", "atc": "atcddd.fhi.no", "ncit": "evsexplore.semantics.cancer.gov",
        "go": "amigo.geneontology.org",
    }
    elsewhere = {}
    for prefix in PREFIXES:
        resource = bioregistry.get_resource(prefix.name)
        if prefix.link and resource:
            pages = [*bioregistry.get_providers(prefix.name, resource.get_example() or "1").values(), resource.get_homepage() or ""]
            if host(prefix.link) not in map(host, pages):
                elsewhere[prefix.name] = host(prefix.link)
    assert elsewhere == unlisted


def host(address: str) -> str:
    """The host of an address, without www."""
    return urlsplit(address).netloc.removeprefix("www.")


def test_nothing_is_above_all_random_pairs() -> None:
    """A percentile of 99.9999 is cut to 99.99 % in the sentence, not rounded to 100."""
    gene, disease = Concept("hgnc:1", "gene", "A"), Concept("mondo:0000001", "disease", "b")
    assert "above 99.99 % of random pairs of a gene and a disease" in say_relatedness(Relatedness(gene, disease, 0.9, 99.9999, 1e-6))
