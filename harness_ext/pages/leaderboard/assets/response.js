"use strict";
const catalogue = JSON.parse(document.getElementById("catalogue").textContent);
const MOST_MARKS = 6000, PIECE = 5000;
const short = text => text.length > 120 ? `${text.slice(0, 119)}…` : text;

function make(tag, name, text, more = {}) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = text;
  for (const [attribute, value] of Object.entries(more)) element.setAttribute(attribute, value);
  return element;
}

const right = accuracy => accuracy >= 0.5;
const outcome = accuracy => {
  const part = accuracy > 0 && accuracy < 1 ? ` (${accuracy})` : "";
  return right(accuracy) ? make("span", "right", `✓ right${part}`) : make("span", "wrong", `✗ wrong${part}`);
};
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
  if (!record) return box.append(facts([...known, ["decoding", short(run.decoding)]]), make("p", "soft", "This board does not keep the response to this item.")), box;
  if (record.text !== null) known.push(["states", record.stated ?? "no answer"], ["right answer", record.gold]);
  if (record.recorded !== null) known.push(["recorded score", number(record.recorded)]);
  if (record.draws) known.push(["draws", `${number(record.draws)}; the outcome and scores are their means, the first is shown`]);
  if (record.words !== undefined) known.push(["words", number(record.words)]);
  const scores = Object.entries(record.metrics).filter(([name]) => name !== "acc" && name !== "trace_words")
    .map(([name, value]) => `${catalogue.titles[name] ?? name} ${number(value)}`);
  if (scores.length) known.push(["scores", scores.join(" · ")]);
  known.push(["decoding", short(run.decoding)]);
  box.append(facts(known));
  if (record.text === null) {
    const why = record.left_out ? "This run was taken from an outcomes file, which holds scores: its responses were left out." : "The task compares how likely given answers are: there is no text.";
    return box.append(make("p", "soft", why)), box;
  }
  const { body, left } = response(record);
  body.setAttribute("aria-label", `Response ${letter}`);
  if (left) box.append(make("p", "soft", `The first ${number(MOST_MARKS)} marks of this response are shown, ${number(left)} are left out.`));
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
