"use strict";
const catalogue = JSON.parse(document.getElementById("catalogue").textContent);
const $ = id => document.getElementById(id), root = document.documentElement;
const MOST_MARKS = 6000, PIECE = 5000, SHARDS = 12;
const waiting = new Map(), loaded = new Map();
window.stylerep = { take: (key, packed) => waiting.get(key)?.(packed) };

function load(key) {
  if (!loaded.has(key)) {
    const script = document.createElement("script");
    const packed = new Promise((resolve, reject) => {
      waiting.set(key, resolve);
      script.onload = () => reject(Error(`${key}.js holds something else than it should.`));
      script.onerror = () => reject(Error(`${key}.js cannot be loaded: is it still beside this page?`));
      script.src = key.split("/").map(encodeURIComponent).join("/") + ".js";
      document.head.append(script);
    });
    loaded.set(key, packed.then(unpack).catch(error => { loaded.delete(key); throw error; }).finally(() => { script.remove(); waiting.delete(key); }));
    const old = [...loaded.keys()].filter(one => !one.endsWith("/outcomes")).slice(0, -SHARDS);
    for (const one of old) loaded.delete(one);
  }
  return loaded.get(key);
}

async function unpack(packed) {
  const bytes = Uint8Array.from(atob(packed), one => one.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
}

async function nth(key, shards, index) {
  const shard = shards.findLastIndex(first => first <= index);
  return (await load(`${key}/${shard}`))[index - shards[shard]];
}

function make(tag, name, text, more = {}) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = text;
  for (const [attribute, value] of Object.entries(more)) element.setAttribute(attribute, value);
  return element;
}

function read() {
  const from = new URLSearchParams(location.hash.slice(1)), get = name => from.get(name) ?? "";
  return { column: get("column"), a: get("a"), b: get("b"), item: Number(get("item")) || 1, filter: get("filter"), theme: get("theme") };
}

let state = read(), column, runs = [], outcomes = [], listed = [], turn = 0;

function save() {
  const to = new URLSearchParams();
  for (const [name, value] of Object.entries(state)) if (value !== "") to.set(name, value);
  history.replaceState(null, "", `#${to}`);
  $("back").hash = state.theme ? `theme=${state.theme}` : "";
}

function fill(select, options, chosen) {
  select.replaceChildren(...options.map(([value, text]) => make("option", "", text, { value })));
  select.value = options.some(([value]) => value === chosen) ? chosen : options[0]?.[0] ?? "";
  return select.value;
}

const short = text => text.length > 120 ? `${text.slice(0, 119)}…` : text;

function fail(error) {
  $("error").hidden = !error;
  $("error").textContent = error?.message ?? "";
}

const right = accuracy => accuracy >= 0.5;
const outcome = accuracy => make("span", right(accuracy) ? "right" : "wrong", `${right(accuracy) ? "✓ right" : "✗ wrong"}${accuracy > 0 && accuracy < 1 ? ` (${accuracy})` : ""}`);
const CHOICES = {
  1: [["", "all", () => true], ["right", "right", a => right(a)], ["wrong", "wrong", a => !right(a)]],
  2: [["", "all", () => true], ["disagree", "the two disagree", (a, b) => right(a) !== right(b)], ["a", "only A right", (a, b) => right(a) && !right(b)],
    ["b", "only B right", (a, b) => !right(a) && right(b)], ["neither", "both wrong", (a, b) => !right(a) && !right(b)], ["both", "both right", (a, b) => right(a) && right(b)]],
};

async function choose() {
  const mine = ++turn;
  root.dataset.busy = "";
  try {
    const ids = catalogue.columns.filter(one => catalogue.runs.some(run => one.id in run.parts)).map(one => [one.id, `${short(one.label)}, ${one.n} items`]);
    if (!ids.length) throw Error("No responses lie beside this board.");
    state.column = fill($("column"), ids, state.column);
    column = catalogue.columns.find(one => one.id === state.column);
    const able = catalogue.runs.filter(run => column.id in run.parts);
    const named = able.map(run => [run.id, `${short(run.label)} (${(100 * run.parts[column.id].accuracy).toFixed(1)} %)`]);
    state.a = fill($("a"), named, state.a);
    state.b = fill($("b"), [["", "none"], ...named.filter(([id]) => id !== state.a)], state.b);
    runs = [state.a, state.b].filter(Boolean).map(id => able.find(run => run.id === id));
    const found = await Promise.all(runs.map(run => load(`runs/${run.id}/${column.id}/outcomes`)));
    if (mine !== turn) return;
    outcomes = found;
    const indexes = [...outcomes[0].keys()], choices = CHOICES[runs.length];
    const fits = test => indexes.filter(index => test(...outcomes.map(one => one[index])));
    state.filter = fill($("filter"), choices.map(([id, text, test]) => [id, `${text} (${fits(test).length})`]), state.filter);
    listed = fits(choices.find(([id]) => id === state.filter)[2]);
    if (!listed.includes(state.item - 1) && listed.length) state.item = listed[0] + 1;
    $("items").replaceChildren(...listed.map(index => {
      const button = make("button", "", undefined, { type: "button", tabindex: -1, value: index + 1 }), line = make("li");
      button.append(make("span", "", index + 1), ...outcomes.map(one => outcome(one[index])));
      line.append(button);
      return line;
    }));
    await open();
  } catch (error) { if (mine === turn) { fail(error); save(); } } finally { if (mine === turn) delete root.dataset.busy; }
}

async function open() {
  const mine = ++turn, index = state.item - 1;
  root.dataset.busy = "";
  for (const old of $("items").querySelectorAll("[aria-current]")) { old.removeAttribute("aria-current"); old.tabIndex = -1; }
  const button = $("items").children[listed.indexOf(index)]?.firstChild;
  if (button) {
    button.setAttribute("aria-current", "true");
    button.tabIndex = 0;
    const list = $("items"), top = button.offsetTop - list.offsetTop;
    if (top < list.scrollTop || top + 40 > list.scrollTop + list.clientHeight) list.scrollTop = top - list.clientHeight / 2;
  }
  save();
  try {
    if (!listed.length) { $("name").textContent = "No item is like that."; $("asked").replaceChildren(); $("panels").replaceChildren(); return; }
    const [item, ...records] = await Promise.all([nth(`items/${column.set}`, column.shards, index),
      ...runs.map(run => nth(`runs/${run.id}/${column.id}`, run.parts[column.id].shards, index))]);
    if (mine !== turn) return;
    fail();
    $("name").textContent = `Item ${index + 1} of ${column.n}`;
    $("asked").replaceChildren(make("p", "soft value", item.id, { dir: "auto" }), make("div", "asked", item.question, { dir: "auto", tabindex: 0, role: "region", "aria-label": "Question" }),
      facts([["right answer", item.gold]]));
    $("panels").replaceChildren(...records.map((record, at) => panel(record, runs[at], outcomes[at][index], runs.length > 1 ? "AB"[at] : "")));
  } catch (error) { if (mine === turn) { fail(error); $("panels").replaceChildren(); } } finally { if (mine === turn) delete root.dataset.busy; }
}

function facts(pairs) {
  const list = make("dl");
  for (const [name, value] of pairs) {
    const shown = make("dd");
    shown.append(value instanceof Node ? value : make("span", "value", value, { dir: "auto" }));
    list.append(make("dt", "", name), shown);
  }
  return list;
}

function panel(record, run, accuracy, letter) {
  const box = make("section", "panel"), number = value => Number.isInteger(value) ? value.toLocaleString("en") : value.toFixed(2);
  box.append(make("h3", "", `${letter && `${letter}: `}${short(run.label)}`, { dir: "auto" }));
  const known = [["outcome", outcome(accuracy)]];
  if (record.text !== null) known.push(["states", record.stated ?? "no answer"], ["right answer", record.gold]);
  if (record.recorded !== null) known.push(["recorded score", number(record.recorded)]);
  if (record.words !== undefined) known.push(["words", number(record.words)]);
  const scores = Object.entries(record.metrics).filter(([name]) => name !== "acc" && name !== "trace_words").map(([name, value]) => `${catalogue.titles[name] ?? name} ${number(value)}`);
  if (scores.length) known.push(["scores", scores.join(" · ")]);
  known.push(["decoding", short(run.decoding)]);
  box.append(facts(known));
  if (record.text === null) return box.append(make("p", "soft", "The task compares how likely given answers are: there is no text.")), box;
  const { body, left } = response(record);
  body.setAttribute("aria-label", `Response ${letter}`);
  if (left) box.append(make("p", "soft", `Of this response the first ${MOST_MARKS.toLocaleString("en")} marks are shown, ${left.toLocaleString("en")} are left out.`));
  if (record.cut) box.append(make("p", "soft", "The response was cut off within its thinking."));
  box.append(body);
  return box;
}

/** Puts a response in as text nodes: one part a stage, the final answer apart, a span for each mark. */
function response(record) {
  const { text, thinking } = record, body = make("div", "text", undefined, { dir: "auto", tabindex: 0, role: "region" });
  const marks = record.pivots.map(([kind, start, end]) => ({ start, end, name: `pivot k${kind}`, title: `pivot: ${catalogue.kinds[kind]}` }));
  let reached = 0;
  for (const [truth, start, end] of record.claims) {  // in a chain, a claim begins where the one before it ends
    marks.push({ start: Math.max(start, reached), end, name: `claim c${truth}`, title: truth ? "true" : "false", claim: true });
    reached = end;
  }
  marks.sort((one, other) => one.start - other.start);
  const left = marks.splice(MOST_MARKS).length, from = thinking ? thinking[1] : 0;
  const stages = record.stages.map(([, start]) => ({ start })), starts = [], parts = [];
  for (const start of new Set([0, ...stages.map(one => one.start), thinking?.[0] ?? 0, from, record.stages.at(-1)?.[2] ?? 0].sort((one, other) => one - other))) {
    if (start >= text.length) break;
    const within = record.stages.findLast(one => one[1] <= start && start < one[2]);
    starts.push({ start, stage: within?.[0] ?? -1, answer: start >= from });
  }
  // A browser lays out only the pieces that are seen, and takes minutes over a word of a million letters.
  starts.forEach((part, at) => {
    const end = starts[at + 1]?.start ?? text.length;
    for (let start = part.start; start < end;) {
      parts.push({ ...part, start });
      start = end - start <= PIECE ? end : cut(text, start);
    }
  });
  body.classList.toggle("long", text.length > 4 * PIECE);
  let active = [], next = 0;
  parts.forEach((part, at) => {
    const end = parts[at + 1]?.start ?? text.length, before = parts[at - 1];
    const block = make("div", `part${part.stage < 0 ? "" : ` s${part.stage}`}${part.answer ? " answer" : ""}`), own = [];
    if (part.stage >= 0 && part.stage !== before?.stage) own.push(catalogue.stages[part.stage]);
    if (part.answer && !before?.answer) own.push("final answer");
    block.dataset.label = own.join(", ");
    for (let place = part.start; place < end;) {
      while (next < marks.length && marks[next].start <= place) active.push(marks[next++]);
      active = active.filter(one => one.end > place);
      const stop = Math.min(end, ...active.map(one => one.end), marks[next]?.start ?? end), piece = text.slice(place, stop);
      const closes = active.some(one => one.claim && one.end === stop) ? " last" : "";
      block.append(active.length ? make("span", active.map(one => one.name).join(" ") + closes, piece, { title: active.map(one => one.title).join(", ") }) : piece);
      place = stop;
    }
    body.append(block);
  });
  return { body, left };
}

/** Returns where a piece that begins at start ends: after a line, else after a word, else between two characters. */
function cut(text, start) {
  const end = start + PIECE, line = text.lastIndexOf("\n", end - 1), word = text.lastIndexOf(" ", end - 1);
  if (line >= start || word > start + PIECE / 2) return (line >= start ? line : word) + 1;
  return /[\ud800-\udbff]/.test(text[end - 1]) ? end - 1 : end;
}

function theme() {
  const dark = state.theme ? state.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  state.theme ? root.dataset.theme = state.theme : delete root.dataset.theme;
  $("theme").setAttribute("aria-pressed", dark);
  return dark;
}

function step(by) {
  const at = listed.indexOf(state.item - 1) + by;
  if (at < 0 || at >= listed.length) return;
  state.item = listed[at] + 1;
  return open();
}

for (const name of ["column", "a", "b", "filter"]) $(name).onchange = event => { state[name] = event.target.value; choose(); };
$("items").onclick = event => { const button = event.target.closest("button"); if (button) { state.item = Number(button.value); open(); } };
$("theme").onclick = () => { state.theme = theme() ? "light" : "dark"; theme(); save(); };
$("controls").onsubmit = event => event.preventDefault();
for (const box of document.querySelectorAll(".legend input")) box.onchange = () => $("panels").classList.toggle(`off-${box.name}`, !box.checked);
addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("select, input:not([type=checkbox])")) return;
  const inList = $("items").contains(event.target), by = event.key === "j" || (inList && event.key === "ArrowDown") ? 1 : event.key === "k" || (inList && event.key === "ArrowUp") ? -1 : 0;
  if (by) { event.preventDefault(); step(by)?.then(() => inList && $("items").querySelector("[aria-current]")?.focus()); }
  if (event.key === "/") { event.preventDefault(); $("filter").focus(); }
});
addEventListener("hashchange", () => { state = read(); theme(); choose(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", theme);
theme();
choose();
