"""`generel genesets` as people type it: training, asking, and what is said of bad input."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from generel.cli.genesets import genesets, split_genes
from generel.concepts.errors import GenerelError
from tests.apps.gene_set_worlds import write_libraries
from training.cli_genesets import train


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """GENEREL_HOME with a model trained by the command, without a space: every name is a gene."""
    home = tmp_path_factory.mktemp("home")
    paths = [str(path) for path in write_libraries(home)]
    done = CliRunner().invoke(train, [*paths, "--out", "mine", "--dims", "8", "--passes", "20", "--no-measure"], env={"GENEREL_HOME": str(home)})
    assert done.exit_code == 0, done.output
    return home


def _ask(home: Path, *arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(genesets, arguments, input=stdin, env={"GENEREL_HOME": str(home), "GENEREL_GENE_SETS": ""})


def test_genes_come_from_arguments_a_file_or_stdin(home: Path, tmp_path: Path) -> None:
    """All three ways give one answer; an unknown name is told on stderr."""
    file = tmp_path / "genes.txt"
    file.write_text('A0,A1;"A2"\nA3 NOBODY\n')
    answers = [_ask(home, "complete", *given, "-k", "3", stdin=stdin) for given, stdin in ((("A0", "A1", "A2", "A3"), None), (("--file", str(file)), None), (("-",), "A0\nA1\nA2\nA3\n"))]
    assert answers[0].stdout == answers[1].stdout == answers[2].stdout
    assert answers[0].stdout.splitlines()[0] == "rank\tscore\tpercentile\tcurie\tsymbol" and answers[0].stdout.count("\n") == 4
    assert "NOBODY" in answers[1].stderr and "1 of 5" in answers[1].stderr


def test_every_question_has_an_answer(home: Path) -> None:
    """JSON lines with the columns that the help promises; what was not measured is null."""
    vector = json.loads(_ask(home, "embed", "A0", "A1", "--format", "jsonl").stdout)
    assert vector["n_genes"] == 2 and sum(value**2 for value in vector["vector"]) == pytest.approx(1, abs=1e-3)
    similar = [json.loads(line) for line in _ask(home, "similar", "A0", "A1", "A2", "-k", "2", "--format", "jsonl").stdout.splitlines()]
    assert len(similar) == 2 and similar[0]["set"].split()[1] == "A"
    annotated = [json.loads(line) for line in _ask(home, "annotate", "B1", "-k", "2", "--format", "jsonl").stdout.splitlines()]
    assert annotated[0]["library_auroc"] is None and annotated[0]["rank"] == 1
    enriched = _ask(home, "enrich", "A0", "A1", "A2", "A3", "A4", "--format", "jsonl")
    first = json.loads(enriched.stdout.splitlines()[0])
    assert first["fdr"] < 0.05 and first["set"].split()[1] == "A" and "the background is 40 genes: all of the model" in enriched.stderr


def test_bad_input_is_an_error_of_the_tree(home: Path, tmp_path: Path) -> None:
    """No known gene, a gene list that is not there, and genes given twice over."""
    for arguments in (("complete", "NOBODY"), ("complete", "--file", str(tmp_path / "none")), ("annotate", "NOBODY"), ("complete", "A0", "--model", "other")):
        assert isinstance(_ask(home, *arguments).exception, GenerelError), arguments
    assert _ask(home, "complete", "A0", "--file", "x").exit_code == 2


def test_lists_are_cut_where_people_cut_them() -> None:
    """Line ends, tabs, commas, semicolons, blanks; a date with a blank stays whole, so that it can be named."""
    assert split_genes('A0\tA1, "A2";A3 A4\r\n\n1 Mar\n2023-03-01 00:00:00\n') == ["A0", "A1", "A2", "A3", "A4", "1 Mar", "2023-03-01 00:00:00"]
