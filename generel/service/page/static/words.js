// Numbers and kinds as people read them.

export const KINDS = ["variant", "gene", "disease", "phenotype", "drug", "pathway", "process", "function", "component", "anatomy"];
const PLURALS = { anatomy: "anatomy", process: "processes", pathway: "pathways" };
const whole = new Intl.NumberFormat("en");

/** The word for several concepts of a kind. */
export const many = (kind) => PLURALS[kind] ?? `${kind}s`;

/** 66491 as "66,491". */
export const count = (number) => whole.format(number);

/** A cosine with two digits and a real minus. */
export const cosine = (number) => number.toFixed(2).replace("-", "−");

/** A percentile with as many digits as set it apart from 100: 99.98, 87.1, 100. */
export function percentile(number) {
  if (number === null || number === undefined) return "–";
  const away = 100 - number;
  const digits = away <= 0 || number <= 0 ? 0 : away >= 10 ? 0 : away >= 1 ? 1 : Math.min(4, 1 + Math.ceil(-Math.log10(away)));
  return number.toFixed(digits);
}

/** A p-value as it is printed in papers. */
export function pValue(number) {
  if (number >= 0.001) return String(Number(number.toPrecision(2)));
  const [digits, power] = number.toExponential(1).split("e");
  return `${digits} × 10${power.replace("-", "⁻").replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit])}`;
}

/** One in how many random pairs is as alike, for a p-value. */
export const oneIn = (number) => (number > 0 ? count(Number(Math.round(1 / number).toPrecision(2))) : "very many");

/** A predicate without its underscores. */
export const predicate = (name) => name.replaceAll("_", " ");

/** How a search found a concept. */
export const HOW = {
  curie: "identifier", alias: "identifier elsewhere", name: "name", synonym: "synonym", prefix: "beginning of a name", fuzzy: "similar spelling", meaning: "similar meaning",
};
