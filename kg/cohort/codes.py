"""Codes of patients' records as CURIEs, however an export spells them: `78791  ` of ICD-9-CM is `icd9cm:787.91`.

What a reader would get wrong: ICD-9-CM and ICD-10-CM overlap once their dots are gone. `E872` is acidosis in the one and a failure of
sterile precautions in the other. Where nothing says which is meant, the pattern decides if only one fits, else what it stands
beside (see `tell_icd`), else nothing does and the code is null. Codes are never completed: `8.5` is not taken for `008.5`.
"""

import polars as pl

from generel.concepts.prefixes import BY_NAME, PREFIXES
from kg.curies import BLANKS, SPELLED, canonicalize

# What a vocabulary is called where its codes may be of ICD-9-CM or of ICD-10-CM.
EITHER_ICD = "icd"
ICD9, ICD10, INTERNATIONAL = "icd9cm", "icd10cm", "icd10"
# Vocabularies whose dot after the third character is often left out.
DOTTED = (ICD9, ICD10, INTERNATIONAL)
# The shape of a code with or without its dot. ICD-9-CM has E000–E030 (activities) and E800–E999 (external causes), and V01–V91.
ICD9_SHAPES = (r"\d{3}(?:\.?\d{1,2})?", r"V\d{2}(?:\.?\d{1,2})?", r"E(?:0[0-2]\d|030|[89]\d{2})(?:\.?\d)?")
# ICD-10-CM ends at E89, and a record cannot hold a code from V00 to V99 without its seventh character.
ICD10_SHAPES = (r"[A-DF-UW-Z]\d[0-9A-Z](?:\.?[0-9A-Z]{1,4})?", r"E[0-8][0-9A-Z](?:\.?[0-9A-Z]{1,4})?", r"V\d[0-9A-Z]\.?[0-9A-Z]{3}[ADS]")
NOT_OF_VOCABULARY = "the code is none of its vocabulary"
NO_VOCABULARY = "the code is no CURIE, and no vocabulary is given for it"
UNKNOWN_VOCABULARY = "the vocabulary is not known"
EITHER = "the code may be of ICD-9-CM or of ICD-10-CM, and nothing tells which"


def spell_codes(codes: pl.DataFrame) -> pl.DataFrame:
    """The rows with `curie`, null where there is none, and then `reason`.

    Args:
        codes: `code` as written; `vocabulary`, any spelling of a prefix, EITHER_ICD, or null where the code is a CURIE; and `beside`:
            ICD9 or ICD10 if that is the one that codes standing with it are of, else null.
    """
    rows = _split(codes).with_columns(_version=tell_icd(pl.col("_text")))
    version = pl.when(pl.col("_version") == EITHER).then("beside").otherwise("_version")
    prefix = pl.col("_vocabulary").replace_strict(SPELLED | {EITHER_ICD: EITHER_ICD}, default=None, return_dtype=pl.String)
    rows = rows.with_columns(_known=prefix.is_not_null(), _prefix=pl.when(prefix == EITHER_ICD).then(version).otherwise(prefix))
    written = [pl.when(pl.col("_vocabulary").is_null()).then("_text")]
    written += [pl.when(pl.col("_prefix") == name).then(pl.lit(f"{name}:") + _spell(pl.col("_text"), name)) for name in BY_NAME]
    curies = canonicalize(rows.select(text=pl.coalesce(written))["text"])
    of_concepts = curies.str.extract(r"^([^:]*):").is_in([prefix.name for prefix in PREFIXES if prefix.kinds])
    rows = rows.with_columns(curie=pl.DataFrame({"curie": curies, "fits": of_concepts}).select(pl.when("fits").then("curie"))["curie"])
    reasons = [
        (pl.col("curie").is_not_null(), None),
        (pl.col("_vocabulary").is_null(), NO_VOCABULARY),
        (~pl.col("_known"), UNKNOWN_VOCABULARY),
        ((pl.col("_vocabulary") == EITHER_ICD) & (pl.col("_version") == EITHER), EITHER),
        (pl.lit(True), NOT_OF_VOCABULARY),
    ]
    first = pl.coalesce(pl.when(condition).then(pl.lit(reason or "")) for condition, reason in reasons)
    return rows.with_columns(reason=pl.when(first != "").then(first)).select(*codes.columns, "curie", "reason")


def _split(codes: pl.DataFrame) -> pl.DataFrame:
    """The rows with `_vocabulary`, in lower case, and `_text`: taken apart where a CURIE stands without a vocabulary."""
    text, vocabulary = pl.col("code").str.strip_chars(BLANKS), pl.col("vocabulary").str.strip_chars(BLANKS).str.to_lowercase()
    parts = text.str.extract_groups(r"(?s)^([^:]*):(.*)$")
    prefix, rest = parts.struct.field("1").str.strip_chars(BLANKS).str.to_lowercase(), parts.struct.field("2").str.strip_chars(BLANKS)
    given = pl.when(vocabulary != "").then(vocabulary)
    return codes.with_columns(_vocabulary=pl.coalesce(given, prefix), _text=pl.when(given.is_null()).then(pl.coalesce(rest, text)).otherwise(text))


def tell_icd(codes: pl.Expr) -> pl.Expr:
    """ICD9 or ICD10 if the code's shape is that of only one, EITHER if it is that of both; null if of neither."""
    text = codes.str.strip_chars(BLANKS).str.to_uppercase()
    nine, ten = (text.str.contains(f"^(?-u:{'|'.join(shapes)})$") for shapes in (ICD9_SHAPES, ICD10_SHAPES))
    return pl.when(nine & ten).then(pl.lit(EITHER)).when(nine).then(pl.lit(ICD9)).when(ten).then(pl.lit(ICD10))


def _spell(text: pl.Expr, prefix: str) -> pl.Expr:
    """The identifier as the prefix writes it; null where it is none, though its pattern may take it."""
    if prefix == ICD9:
        capitals = text.str.to_uppercase()
        written = capitals.str.replace(r"^(E\d{3}|V\d{2}|\d{3})(\d{1,2})$", "${1}.${2}")
        # The pattern of the prefix also takes what spreadsheets leave of `008`, and ranges.
        return pl.when(written.str.contains(r"^(?-u:\d{3}(\.\d{1,2})?|V\d{2}(\.\d{1,2})?|E\d{3}(\.\d)?)$")).then(written)
    if prefix in DOTTED:
        return text.str.to_uppercase().str.replace(r"^([A-Z]\d[0-9A-Z])([0-9A-Z]{1,4})$", "${1}.${2}")
    if prefix == "phecode":
        return pl.when(text.str.contains(r"^(?-u:\d{3,4}(\.\d{1,2})?)$")).then(text)
    if prefix == "ndc":
        return _pad_ndc(text)
    return text


def _pad_ndc(text: pl.Expr) -> pl.Expr:
    """An NDC in hyphens as its eleven digits, labeler 5, product 4, package 2; others as they are."""
    parts = text.str.extract_groups(r"^(?-u:(\d{4,5})-(\d{3,4})-(\d{1,2}))$")
    padded = [parts.struct.field(str(place)).str.zfill(width) for place, width in ((1, 5), (2, 4), (3, 2))]
    return pl.coalesce(pl.concat_str(padded), text)
