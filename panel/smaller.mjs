// What makes the page small beyond what a minifier does by itself.

/**
 * Properties that are the panel's own: never in an answer of the server, in a message to the host, an attribute,
 * or asked of the browser.
 */
export const OWN_PROPERTIES = [
  "agree", "anchor", "answer", "arrangement", "base", "busy", "byId", "cancel", "capabilities", "change", "dialog", "draft",
  "drafts", "drag", "drawing", "drawn", "editing", "expiresAt", "failure", "fields", "fingers", "fit", "grid", "grids",
  "hasMoved", "held", "host", "ids", "isEditing", "isFinished", "isReachable", "isSaving", "isSelected", "keepRoom", "keysOn",
  "label", "labels", "lastScale", "lines", "mine", "note", "older", "onClose", "onSave", "pages", "phase", "question",
  "readOnly", "room", "saving", "seen", "selected", "sequence", "show", "stale", "table", "tableId", "texts", "theirs", "timer",
  "toCheck", "trouble", "troubles", "turn", "turningTo", "urgent", "valueId", "whyNotUndoable", "wide", "writes", "zoom",
  "zoomByHand",
];

/** Properties of the view library that no browser knows; its private ones begin with two underscores. */
const LIBRARY_PROPERTIES = [
  "componentDidCatch", "componentDidMount", "componentDidUpdate", "componentWillMount", "componentWillReceiveProps",
  "componentWillUnmount", "componentWillUpdate", "context", "contextType", "current", "debounceRendering", "diffed",
  "forceUpdate", "getChildContext", "getDerivedStateFromError", "getDerivedStateFromProps", "getSnapshotBeforeUpdate", "props",
  "setState", "shouldComponentUpdate", "unmount", "vnode",
];

/** Attributes that are written so often that a constant for each is shorter. */
const ATTRIBUTES = ["aria-label", "aria-labelledby", "aria-pressed", "class", "data-first", "onClick"];

const SHARED = "$shared";
// What is used less often stays in its place, and what saves fewer characters is written again: both zip better so.
const OFTEN = 30;
const LEAST_SAVED = 18;

export const terserOptions = {
  ecma: 2022,
  module: true,
  compress: { passes: 4, keep_fargs: false, pure_getters: true, unsafe_arrows: true, unsafe_methods: true },
  mangle: { properties: { builtins: true, regex: new RegExp(`^(__\\w+|${[...OWN_PROPERTIES, ...LIBRARY_PROPERTIES].join("|")})$`) } },
};

// The names that a host may set stay as they are.
const OWN_VARIABLE = /--(?!border-|color-|font-|safe-)[a-z-]+/g;

/** Gives the custom properties of the style sheet short names. */
export function shortVariables() {
  return {
    name: "short-variables",
    enforce: "pre",
    transform(code, id) {
      if (!id.endsWith(".css")) return null;
      const names = [...new Set(code.match(OWN_VARIABLE))].sort();
      return code.replace(OWN_VARIABLE, (name) => `--${names.indexOf(name).toString(36)}`);
    },
  };
}

/**
 * Writes the code in fewer characters: what is repeated once, `let` for `const`, functions without `this` as arrow
 * functions. The minifier puts back what is shorter in its place.
 */
export function fewerCharacters() {
  return {
    name: "fewer-characters",
    renderChunk(code) {
      return [withSharedLiterals, withArrowFunctions].reduce((before, rewrite) => rewrite(before, this.parse(before)), code);
    },
  };
}

function withSharedLiterals(code, program) {
  const places = new Map();
  const changes = [];
  walk(program, (node) => {
    const text = literalOf(node);
    if (text) places.set(text, [...(places.get(text) ?? []), node]);
    if (node.type === "VariableDeclaration" && node.kind === "const") changes.push([{ start: node.start, end: node.start + 5 }, "let"]);
    const attribute = node.type === "Property" && !node.shorthand ? ATTRIBUTES.indexOf(node.key.name ?? node.key.value) : -1;
    if (attribute >= 0) changes.push([node.key, `[${SHARED}attribute${attribute}]`]);
  });
  const repeated = [...places].filter(([text, nodes]) => (nodes.length - 1) * (text.length - 2) > LEAST_SAVED);
  const uses = repeated.flatMap(([, nodes], index) => nodes.map((node) => [node, ` ${SHARED}${index} `]));
  const shared = repeated.map(([text], index) => `let ${SHARED}${index} = ${text};`);
  const attributes = ATTRIBUTES.map((name, index) => `let ${SHARED}attribute${index} = "${name}";`);
  return [...shared, ...attributes].join("\n") + replaced(code, [...changes, ...uses]);
}

/** Functions and shared literals come first, the most used at the top: the minifier gives them the shortest names. */
function withArrowFunctions(code, program) {
  const uses = new Map();
  walk(program, ({ type, name }) => type === "Identifier" && uses.set(name, (uses.get(name) ?? 0) + 1));
  const usesOf = (node) => Math.max(OFTEN, uses.get(nameOf(node)) ?? 0);
  const first = program.body.filter((node) => node.type === "FunctionDeclaration" || nameOf(node)?.startsWith(SHARED));
  const sorted = first.toSorted((one, other) => usesOf(other) - usesOf(one));
  return sorted.map((node) => `${asArrow(node, code)}\n`).join("") + replaced(code, first.map((node) => [node, ""]));
}

function nameOf({ id, declarations }) {
  return (id ?? declarations?.[0].id)?.name;
}

function asArrow(node, code) {
  const { type, id, async, generator, params, body, start, end } = node;
  if (type !== "FunctionDeclaration" || generator || usesThis(body)) return code.slice(start, end);
  const listed = params.length > 0 ? code.slice(params[0].start, params.at(-1).end) : "";
  return `let ${id.name} = ${async ? "async " : ""}(${listed}) => ${code.slice(body.start, body.end)};`;
}

/** A string, `null` or `undefined` as it is written, else nothing. */
function literalOf({ type, value, raw, operator }) {
  if (type === "UnaryExpression" && operator === "void") return "void 0";
  return type === "Literal" && (typeof value === "string" || raw === "null") && JSON.stringify(value);
}

function replaced(code, changes) {
  const lastFirst = changes.toSorted(([one], [other]) => other.start - one.start);
  return lastFirst.reduce((text, [{ start, end }, put]) => text.slice(0, start) + put + text.slice(end), code);
}

function usesThis(node) {
  let isUsed = false;
  walk(node, (each) => { isUsed ||= each.type === "ThisExpression" || each.name === "arguments"; });
  return isUsed;
}

/** Visits all nodes but the names of properties. */
function walk(node, visit) {
  if (Array.isArray(node)) node.forEach((each) => walk(each, visit));
  if (typeof node?.type !== "string") return;
  visit(node);
  for (const [name, child] of Object.entries(node)) {
    const isName = name === "key" || (name === "property" && child.type === "Literal");
    if (!isName && typeof child === "object") walk(child, visit);
  }
}
