const $ = id => document.getElementById(id), all = (selector, within = document) => [...within.querySelectorAll(selector)];
const root = document.documentElement, sections = new Map(all("section.view").map(one => [one.dataset.view, one])), tables = new Map();
let state = read();

function read() {
  const from = new URLSearchParams(location.hash.slice(1)), list = name => from.getAll(name);
  const first = sections.keys().next().value, view = sections.has(from.get("view")) ? from.get("view") : first;
  return { view, style: from.get("style") ?? "", search: from.get("search") ?? "", sort: from.get("sort") ?? "", hide: list("hide"),
    family: list("family"), arm: list("arm"), theme: from.get("theme") ?? "" };
}

function save() {
  const to = new URLSearchParams();
  for (const [name, value] of Object.entries(state)) for (const one of [value].flat()) if (one !== "" || Array.isArray(value)) to.append(name, one);
  if (state.view === sections.keys().next().value) to.delete("view");
  history.replaceState(null, "", `#${to}`);
  for (const link of all("a.traces")) {
    const hash = new URLSearchParams(link.hash.slice(1));
    state.theme ? hash.set("theme", state.theme) : hash.delete("theme");
    link.hash = hash;
  }
}

// DataTables takes the text of a button for HTML.
const escaped = text => new Option(text).innerHTML;

function keeps(row) {
  return ["family", "arm"].every(name => !state[name].length || state[name].includes(row.dataset[name]));
}

function table(view) {
  const element = sections.get(view).querySelector("table.ranking");
  if (!element || tables.has(view)) return tables.get(view);
  const heads = all("thead th", element), box = element.parentElement;
  const columnText = (_, index) => escaped(heads[index].textContent.replace(/\s+/g, " "));
  const menu = { extend: "colvis", fade: 0, text: "Columns", columns: ":gt(1)", columnText };
  const made = new DataTable(element, {
    paging: false, info: false, autoWidth: false, order: [],
    columns: heads.map(head => ({ name: head.dataset.name, orderSequence: "desc" in head.dataset ? ["desc", "asc"] : ["asc", "desc"] })),
    layout: { topStart: { buttons: [menu] }, topEnd: null, bottomStart: null, bottomEnd: null },
    language: { zeroRecords: "No entry is like that.", emptyTable: "" },
  });
  // The buttons stay where they are while the table scrolls.
  box.before(made.table().container().querySelector(".dt-buttons"));
  made.search.fixed("choice", (_, __, index) => keeps(made.row(index).node()));
  tables.set(view, made);
  made.on("draw", () => tell(view)).on("order", () => {
    const [index, direction] = made.order()[0] ?? [];
    state.sort = direction ? `${heads[index].dataset.name}:${direction}` : "";
    save();
  }).on("column-visibility", () => {
    const names = heads.map(head => head.dataset.name);
    state.hide = [...state.hide.filter(name => !names.includes(name)), ...names.filter((_, index) => !made.column(index).visible())];
    save();
  });
  return made;
}

function tell(view) {
  const made = tables.get(view), section = sections.get(view);
  const shown = new Set(made.rows({ search: "applied" }).nodes().toArray().map(row => row.dataset.key)), count = made.rows().count();
  for (const mark of all(".point, .name", section)) mark.classList.toggle("gone", !shown.has(mark.dataset.key));
  section.querySelector(".shown").textContent =
    shown.size === count ? `${count} entries.` : `${shown.size} of ${count} entries; ranks, groups and fronts stay those of all ${count}.`;
}

function show() {
  for (const [view, section] of sections) section.classList.toggle("on", view === state.view);
  $("view").value = state.view;
  $("search").value = state.search;
  for (const name of ["family", "arm"]) {
    for (const box of all(`input[name=${name}]`)) box.checked = state[name].includes(box.value);
    document.querySelector(`[data-of=${name}]`).textContent = state[name].length ? ` (${state[name].length})` : "";
  }
  const section = sections.get(state.view), figures = all("figure.scatter", section);
  const chosen = figures.find(one => one.dataset.score === state.style) ?? figures[0];
  for (const one of figures) one.classList.toggle("on", one === chosen);
  for (const radio of all("input.style", section)) radio.checked = radio.value === chosen?.dataset.score;
  const dark = state.theme ? state.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  state.theme ? root.dataset.theme = state.theme : delete root.dataset.theme;
  root.classList.toggle("dark", dark);
  $("theme").setAttribute("aria-pressed", dark);
  const wanted = { ...state }, made = table(state.view);
  if (made) {
    const names = made.columns().header().toArray().map(head => head.dataset.name), [name, direction] = wanted.sort.split(":");
    names.forEach((one, index) => made.column(index).visible() === wanted.hide.includes(one) && made.column(index).visible(!wanted.hide.includes(one)));
    const order = names.includes(name) && ["asc", "desc"].includes(direction) ? [[names.indexOf(name), direction]] : [[0, "asc"]];
    made.search(wanted.search).order(order).draw();
  }
  Object.assign(state, wanted);
  save();
}

$("view").onchange = event => { state.view = event.target.value; show(); };
$("search").oninput = event => { state.search = event.target.value; show(); };
$("reset").onclick = () => { state = { ...state, style: "", search: "", sort: "", hide: [], family: [], arm: [] }; show(); };
$("theme").onclick = () => { state.theme = root.classList.contains("dark") ? "light" : "dark"; show(); };
$("controls").onsubmit = event => event.preventDefault();
$("controls").addEventListener("change", event => {
  const name = event.target.name;
  if (name in state) { state[name] = all(`input[name=${name}]:checked`).map(box => box.value); show(); }
});
document.addEventListener("change", event => { if (event.target.matches("input.style")) { state.style = event.target.value; show(); } });
for (const kind of ["mouseover", "focusin"]) document.addEventListener(kind, event => {
  const key = event.target.closest?.("[data-key]")?.dataset.key;
  for (const one of all(".lit")) one.classList.remove("lit");
  for (const one of all("tr[data-key], .point", sections.get(state.view))) one.classList.toggle("lit", one.dataset.key === key);
});
// A list of choices closes on Escape, and when something else is clicked.
document.addEventListener("keydown", event => {
  if (event.key === "Escape") for (const one of all("details[open]")) { one.open = false; one.querySelector("summary").focus(); }
});
document.addEventListener("click", event => { for (const one of all("details[open]")) if (!one.contains(event.target)) one.open = false; });
addEventListener("hashchange", () => { state = read(); show(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
show();
root.dataset.ready = "";
