"""Cross-references as mappings."""

import polars as pl

from generel.concepts.kinds import Kind
from kg.harvest import SetAside
from kg.sources.xrefs import BAD_IDENTIFIER, NO_NAMESPACE, OTHER_KIND, UNKNOWN_NAMESPACE, map_xrefs


def test_each_cross_reference_is_mapped_or_set_aside_with_its_reason() -> None:
    """Known identifiers of a disease are mapped; unknown and unfitting namespaces are counted by namespace, bad identifiers by themselves."""
    written = ["UMLS:C0011860", "Orphanet:1", "GARD:12", "FMA:1", "fma:2", "FMA:3", "HP:0000819", "UMLS:12", "nothing", " DOID : 4"]
    aside = SetAside("x")
    mapped = map_xrefs(pl.DataFrame({"subject": ["mondo:0000001"] * len(written), "xref": written}), kind=Kind.DISEASE, set_aside=aside)
    assert mapped["object"].to_list() == ["umls:C0011860", "orphanet:1", "gard:12", "doid:4"]
    assert set(mapped["kind"]) == {"disease"}
    assert aside.frame().select("key", "reason", "n").rows() == [
        ("FMA", UNKNOWN_NAMESPACE, 2), ("HP", OTHER_KIND.format("disease"), 1), ("UMLS:12", BAD_IDENTIFIER, 1),
        ("fma", UNKNOWN_NAMESPACE, 1), ("nothing", NO_NAMESPACE, 1),
    ]
