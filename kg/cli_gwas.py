"""`generel harmonize`: a GWAS file of any tool to one table, effects aligned with a reference, with its lead variants."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click
import polars as pl

from generel.cli.output import Record, format_option, tell, write_records
from generel.cli.progress import RichProgress
from generel.concepts.atomic import write_beside
from generel.concepts.curie import Curie
from generel.concepts.errors import BadInput
from generel.concepts.progress import Advance
from kg.gwas.align import ALIGNED
from kg.gwas.harmonize import StudyFile, Tally, build_of, harmonize_study, open_study
from kg.gwas.harmonized_table import as_ssf, suffix_of, write_harmonized
from kg.gwas.leads import LeadSettings, leads_of, pick_leads, read_pairs
from kg.gwas.place import normalize_build
from kg.gwas.reference import Reference, read_reference
from kg.gwas.ssf import SUFFIX, Meta, find_meta, read_meta, write_meta

existing = click.Path(exists=True, dir_okay=False, path_type=Path)
writable = click.Path(dir_okay=False, path_type=Path)
COUNTS = ("section", "name", "n")
LEAD_COLUMNS = ("rsid", "chromosome", "base_pair_location", "effect_allele", "other_allele", "beta", "neg_log_10_p_value", "n_variants", "flags")
DEFAULTS = LeadSettings()


@dataclass
class Significant:
    """Keeps the significant rows of what flows through."""

    settings: LeadSettings
    found: list[pl.DataFrame] = field(default_factory=lambda: [pl.DataFrame(schema=ALIGNED)])

    def watch(self, batches: Iterable[pl.DataFrame], advance: Advance) -> Iterator[pl.DataFrame]:
        """The batches as they are."""
        for batch in batches:
            self.found.append(self.settings.significant(batch))
            advance(batch.height)
            yield batch

    def leads(self, pairs: Path | None) -> pl.DataFrame:
        """Leads among the rows kept, most significant first; those without a place are none."""
        rows = pl.concat(self.found)
        linked = read_pairs(pairs, rows, least_r2=self.settings.least_r2) if pairs else None
        return leads_of(pick_leads(rows, settings=self.settings, pairs=linked))


@click.command(short_help="Bring a GWAS file into one shape: alleles aligned, leads chosen.")
@click.argument("file", type=existing)
@click.option("--out", required=True, type=writable, help="Where the table goes: a name ending with .parquet, .tsv or .tsv.gz.")
@click.option("--reference", type=existing, help="Known variants with rsID, chromosome, position and two alleles: VCF, TSV or Parquet. Without it alleles stay as they are.")
@click.option("--reference-build", default="", metavar="BUILD", help="Genome build of the reference; what the file says, else GRCh38.")
@click.option("--build", default="", metavar="BUILD", help="Genome build of FILE, such as GRCh37, where its side file does not say it.")
@click.option("--meta", type=existing, help="GWAS-SSF side file (YAML); the one beside FILE where not given.")
@click.option("--trait", default="", metavar="CURIE", help="What was studied, such as MONDO:0005148; noted beside the table.")
@click.option("--columns", multiple=True, metavar="OURS=THEIRS", help="Which column is which, where the header does not say; may be given several times.")
@click.option("--leads", type=writable, help="Write the lead variants there, as TSV.")
@click.option("--threshold", default=DEFAULTS.threshold, show_default=True, help="Largest p-value of a significant variant.")
@click.option("--distance-kb", default=DEFAULTS.distance_kb, show_default=True, help="How far a lead stands for others.")
@click.option("--ld", type=existing, help="Pairs in linkage disequilibrium, as PLINK's --r2 writes them; a lead then stands only for variants paired with it.")
@click.option("--least-r2", default=DEFAULTS.least_r2, show_default=True, help="The r2 from which a pair of --ld belongs together.")
@format_option
def harmonize(
    file: Path, out: Path, reference: Path | None, reference_build: str, build: str, meta: Path | None, trait: str, columns: tuple[str, ...],
    leads: Path | None, threshold: float, distance_kb: float, ld: Path | None, least_r2: float, format: str,
) -> None:
    """Read FILE, summary statistics of any common tool and size, once; write the harmonized table and print what became of its rows.

    PLINK, REGENIE, SAIGE, BOLT-LMM, METAL, GCTA, SNPTEST, FinnGen and GWAS-SSF files are recognized by their headers. Effects become those of
    the reference's alternate alleles; rows that do not fit are flagged, and rows that cannot be read are counted with the reason.

    Example: generel harmonize t2d.regenie.gz --reference dbsnp.parquet --out t2d.parquet --leads leads.tsv
    """
    suffix_of(out)
    settings = LeadSettings(threshold, distance_kb, least_r2)
    side = meta or find_meta(file)
    said = read_meta(side) if side else Meta()
    traits = [str(Curie.parse(trait))] if trait else list(said.traits)
    study = open_study(file, columns=_columns(columns), meta=said, build=normalize_build(build, where="--build"))
    tell(f"{file.name} looks like {study.columns.tool.name or 'no tool that we know'}: {', '.join(f'{ours} = {theirs}' for ours, theirs in study.columns.names.items())}")
    progress = RichProgress()
    known = _read_reference(reference, reference_build, progress)
    tally, significant = Tally(), Significant(settings)
    with progress.task("Harmonizing") as advance:
        write_harmonized(significant.watch(harmonize_study(study, reference=known, tally=tally), advance), out)
    found = significant.leads(ld)
    write_meta(out.with_name(out.name + SUFFIX), _side_entries(study, tally, known, said, traits=traits, out=out))
    if leads:
        _write_leads(found, leads)
    _print(tally, found, n_significant=sum(part.height for part in significant.found), format=format)


def counts(tally: Tally, *, n_significant: int, n_leads: int) -> list[Record]:
    """Records of COUNTS: what became of the rows, why some were set aside, and the flags of those kept."""
    rows = {"read": tally.n_read, "kept": tally.n_kept, "set aside": sum(tally.set_aside.values()), "significant": n_significant, "leads": n_leads}
    sections = {"rows": rows, "set aside": dict(sorted(tally.set_aside.items(), key=lambda each: -each[1])), "flags": {name: n for name, n in tally.flags.items() if n}}
    return [{"section": section, "name": name, "n": n} for section, entries in sections.items() for name, n in entries.items()]


def _columns(given: Iterable[str]) -> dict[str, str]:
    pairs = [each.partition("=") for each in given]
    wrong = ["".join(pair) for pair in pairs if not (pair[0].strip() and pair[2].strip())]
    if wrong:
        raise BadInput(f"--columns {', '.join(wrong)}: it should be OURS=THEIRS, as in --columns p=P_LMM")
    return {ours.strip(): theirs.strip() for ours, _, theirs in pairs}


def _read_reference(path: Path | None, build: str, progress: RichProgress) -> Reference | None:
    if path is None:
        progress.say("no reference: alleles stay as the file has them")
        return None
    with progress.task(f"Reading {path.name}"):
        known = read_reference(path, build=build)
    progress.say(f"{path.name}: {known.n:,} variants on {known.build}" + (f"; {known.n_unusable:,} rows without place or alleles left out" if known.n_unusable else ""))
    return known


def _side_entries(study: StudyFile, tally: Tally, reference: Reference | None, said: Meta, *, traits: list[str], out: Path) -> dict[str, object]:
    """What the side file of the harmonized table says."""
    return {
        "gwas_id": said.accession, "trait_description": [said.trait_name] if said.trait_name else [], "ontology_mapping": traits,
        "genome_assembly": build_of(study, tally, reference), "coordinate_system": "1-based", "data_file_name": out.name, "file_type": "GWAS-SSF v1.0",
        "is_harmonised": reference is not None, "harmonisation_reference": reference.name if reference else "", "pvalue_is_neg_log10": False,
        "effect_unit": study.effect_unit, "samples": [{"sample_size": said.n, "sample_ancestry": said.ancestry.split("; ")}] if said.n else [],
    }


def _lead_table(found: pl.DataFrame) -> pl.DataFrame:
    return as_ssf(found).with_columns(found["n_variants"]).select(*LEAD_COLUMNS)


def _write_leads(found: pl.DataFrame, path: Path) -> None:
    with write_beside(path) as temporary:
        _lead_table(found).write_csv(temporary, separator="\t")


def _print(tally: Tally, found: pl.DataFrame, *, n_significant: int, format: str) -> None:
    """Counts and leads for people; for programs the counts, as the leads have a file of their own."""
    write_records(counts(tally, n_significant=n_significant, n_leads=found.height), format=format, columns=COUNTS, title="What became of the rows")
    if format == "table":
        write_records(_lead_table(found).iter_rows(named=True), format=format, columns=LEAD_COLUMNS, title="Lead variants")
