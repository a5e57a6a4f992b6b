const $ = id => document.getElementById(id), root = document.documentElement;
const SHARDS = 12;
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

// A board may keep the first responses of a task alone: of the others there is none.
async function nth(key, shards, index) {
  const shard = shards.findLastIndex(first => first <= index);
  return shard < 0 ? undefined : (await load(`${key}/${shard}`))[index - shards[shard]];
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

function fail(error) {
  $("error").hidden = !error;
  $("error").textContent = error?.message ?? "";
}

const CHOICES = {
  1: [["", "all", () => true], ["right", "right", a => right(a)], ["wrong", "wrong", a => !right(a)]],
  2: [["", "all", () => true], ["disagree", "the two disagree", (a, b) => right(a) !== right(b)], ["a", "only A right", (a, b) => right(a) && !right(b)],
    ["b", "only B right", (a, b) => !right(a) && right(b)], ["neither", "both wrong", (a, b) => !right(a) && !right(b)],
    ["both", "both right", (a, b) => right(a) && right(b)]],
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
    const question = make("div", "asked", item.question, { dir: "auto", tabindex: 0, role: "region", "aria-label": "Question" });
    $("asked").replaceChildren(make("p", "soft value", item.id, { dir: "auto" }), question, facts([["right answer", item.gold]]));
    $("panels").replaceChildren(...records.map((record, at) => panel(record, runs[at], outcomes[at][index], runs.length > 1 ? "AB"[at] : "")));
  } catch (error) { if (mine === turn) { fail(error); $("panels").replaceChildren(); } } finally { if (mine === turn) delete root.dataset.busy; }
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
  const inList = $("items").contains(event.target);
  const by = { j: 1, k: -1, ...(inList && { ArrowDown: 1, ArrowUp: -1 }) }[event.key];
  if (by) { event.preventDefault(); step(by)?.then(() => inList && $("items").querySelector("[aria-current]")?.focus()); }
  if (event.key === "/") { event.preventDefault(); $("filter").focus(); }
});
addEventListener("hashchange", () => { state = read(); theme(); choose(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", theme);
theme();
choose();
