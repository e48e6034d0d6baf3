"use strict";
const ROW = 60, PAGE = 100, OVERSCAN = 8, MAX_HITS = 500;
const token = new URLSearchParams(location.search).get("token");
const $ = id => document.getElementById(id);
const form = $("filters"), list = $("list"), pane = $("document");
const number = value => value == null ? "–" : value.toLocaleString("en", {maximumSignificantDigits: Number.isInteger(value) ? 21 : 4});
let overview, total = 0, selected = 0, pages = new Map(), search = 0, shown = null, undo = [];

// Elements are made with textContent only: a text from the web is never read as HTML.
function make(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value == null) continue;
    if (key in element && key !== "list") element[key] = value; else element.setAttribute(key, value);
  }
  element.append(...children.filter(child => child != null));
  return element;
}

async function ask(path, body) {
  const options = {headers: {"X-Sluice-Token": token}};
  if (body) Object.assign(options, {method: "POST", body: JSON.stringify(body)}).headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error("The server does not answer. Run `sluice view` again and open the address that it prints.");
  }
  const value = await answer.json();
  if (!answer.ok) throw new Error(value.error);
  return value;
}

function tell(error) {
  $("error").textContent = error ? error.message : "";
  $("error").hidden = !error;
  list.setAttribute("aria-busy", "false");
}
const guarded = action => (...values) => Promise.resolve(action(...values)).catch(tell);

// ---- filters

function fillSelect(select, options) {
  select.replaceChildren(make("option", {value: ""}, "any"), ...options);
}

function fillFilters() {
  const outcomes = new Map(), groups = new Map();
  for (const [outcome, stage, reason, count] of overview.values.reasons) {
    outcomes.set(outcome, (outcomes.get(outcome) || 0) + count);
    if (!reason) continue;
    const label = `${stage}: ${outcome}`;
    if (!groups.has(label)) groups.set(label, []);
    groups.get(label).push(make("option", {value: `${stage} ${reason}`}, `${reason} (${number(count)})`));
  }
  fillSelect(form.outcome, ["kept", "dropped", "duplicate", "edited"].map(
    name => make("option", {value: name}, `${name} (${number(outcomes.get(name) || 0)})`)));
  fillSelect(form.reason, [...groups].map(([label, options]) => make("optgroup", {label}, ...options)));
  fillSelect(form.language, overview.values.languages.filter(([name]) => name).map(
    ([name, count]) => make("option", {value: name}, `${name} (${number(count)})`)));
  $("hosts").replaceChildren(...overview.values.hosts.filter(([name]) => name).map(([name]) => make("option", {value: name})));
}

function addRange(measure = "", low = "", high = "", order = "sample") {
  const measures = overview.measures.map(({name}) => make("option", {value: name}, name));
  const select = make("select", {name: "measure"}, make("option", {value: ""}, "choose"), ...measures);
  select.value = measure;
  const bound = (name, value) => make("input", {type: "number", step: "any", name, value});
  const inputs = [bound("low", low), bound("high", high)];
  const orders = make("select", {name: "order"}, ...[["sample", "no"], ["low", "smallest first"], ["high", "largest first"]].map(
    ([value, label]) => make("option", {value}, label)));
  orders.value = order;
  const hint = () => {
    const range = overview.measures.find(({name}) => name === select.value);
    inputs[0].placeholder = range ? number(range.min) : "";
    inputs[1].placeholder = range ? number(range.max) : "";
  };
  select.addEventListener("change", hint);
  hint();
  const first = !$("ranges").children.length;
  $("ranges").append(make("div", {className: "range"}, make("label", {}, "Signal", select), make("label", {}, "from", inputs[0]),
    make("label", {}, "to", inputs[1]), first ? make("label", {}, "Sort", orders) : null));
}

function filterFields() {
  const fields = new URLSearchParams();
  for (const name of ["text", "outcome", "language", "host", "mark"]) if (form[name].value) fields.set(name, form[name].value);
  if (form.reason.value) {
    const [stage, ...reason] = form.reason.value.split(" ");
    fields.set("stage", stage);
    fields.set("reason", reason.join(" "));
  }
  for (const range of $("ranges").children) {
    const value = name => range.querySelector(`[name=${name}]`)?.value;
    if (!value("measure")) continue;
    fields.append("range", [value("measure"), value("low"), value("high")].join(","));
    if (value("order") && value("order") !== "sample") fields.set("order", value("order"));
  }
  return fields;
}

function restoreFilters(fields) {
  for (const name of ["text", "outcome", "language", "host", "mark"]) form[name].value = fields.get(name) || "";
  form.reason.value = fields.get("reason") ? `${fields.get("stage")} ${fields.get("reason")}` : "";
  $("ranges").replaceChildren();
  for (const range of fields.getAll("range")) addRange(...range.split(","), fields.get("order") || "sample");
}

const searchNow = guarded(async function (id = null) {
  const mine = ++search, fields = filterFields();
  list.setAttribute("aria-busy", "true");
  history.replaceState(null, "", `${location.pathname}${location.search}#${fields}`);
  const found = await ask(`/api/search?${fields}&start=0&count=${PAGE}`);
  if (mine !== search) return;
  total = found.total;
  pages = new Map([[0, found.rows]]);
  list.scrollTop = 0;
  tell(null);
  $("status").textContent = `${number(total)} of ${number(overview.sampled_documents + overview.sampled_rejected)} in the sample`;
  drawList();
  const start = id === null ? 0 : Math.max(0, found.rows.findIndex(row => row.doc_id === id));
  if (total) await select(start); else drawEmpty();
});

function drawEmpty() {
  shown = null;
  const outcome = form.outcome.value, stages = overview.stages, only = [...filterFields()].length === 1;
  let hint = "Clear a filter, or search for a shorter text.";
  if (!overview.sampled_documents) hint = "The run has no documents yet. Run `sluice run pipeline`, then start this page again.";
  else if (only && outcome === "edited") hint = "Texts before and after are stored by the stage line_dedup only. Run the pipeline " +
    "with line_dedup.enabled=true. What extract cut or masked is counted beside each document.";
  else if (only && outcome === "duplicate" && !stages.includes("dedup")) hint = "The stage dedup has not finished. Run `sluice run pipeline`.";
  pane.replaceChildren(make("p", {className: "empty"}, `No document matches. ${hint}`));
}

// ---- list: only the visible rows are in the page

const loadPage = guarded(async function (page) {
  if (pages.has(page)) return;
  const mine = search;
  pages.set(page, null);
  const found = await ask(`/api/search?${filterFields()}&start=${page * PAGE}&count=${PAGE}`);
  if (mine !== search) return;
  pages.set(page, found.rows);
  drawList();
});

function rowAt(index) {
  return pages.get(Math.floor(index / PAGE))?.[index % PAGE];
}

function drawList() {
  const first = Math.max(0, Math.floor(list.scrollTop / ROW) - OVERSCAN);
  const last = Math.min(total, Math.ceil((list.scrollTop + list.clientHeight) / ROW) + OVERSCAN);
  const rows = [];
  for (let index = first; index < last; index++) {
    const row = rowAt(index);
    if (row === undefined) loadPage(Math.floor(index / PAGE));
    rows.push(drawRow(index, row));
  }
  const space = make("div", {ariaHidden: "true"});
  space.style.height = `${total * ROW}px`;
  list.replaceChildren(space, ...rows);
  list.setAttribute("aria-activedescendant", total ? `row-${selected}` : "");
}

function drawRow(index, row) {
  const element = make("div", {id: `row-${index}`, className: "row", role: "option"});
  element.setAttribute("aria-selected", String(index === selected));
  element.setAttribute("aria-setsize", total);
  element.setAttribute("aria-posinset", index + 1);
  element.style.top = `${index * ROW}px`;
  element.addEventListener("click", () => select(index));
  if (!row) { element.append(make("div", {className: "quiet"}, "…")); return element; }
  const mark = row.mark && make("span", {className: `fixed word ${row.mark}`}, row.mark === "good" ? "✓ good" : "✗ bad");
  element.append(
    make("div", {lang: row.language, dir: "auto"}, row.title || row.preview || row.url || row.doc_id),
    make("div", {className: "about"}, mark, make("span", {className: `fixed word ${row.outcome}`}, row.outcome),
      row.reason && make("span", {className: "fixed"}, row.reason),
      row.similarity != null ? make("span", {className: "fixed"}, number(row.similarity)) : null,
      make("span", {className: "fixed"}, row.language || ""), make("span", {}, row.host || "")));
  return element;
}

const select = guarded(async function (index) {
  if (!total) return;
  selected = Math.min(Math.max(index, 0), total - 1);
  const top = selected * ROW;
  if (top < list.scrollTop) list.scrollTop = top;
  if (top + ROW > list.scrollTop + list.clientHeight) list.scrollTop = top + ROW - list.clientHeight;
  await loadPage(Math.floor(selected / PAGE));
  drawList();
  const row = rowAt(selected), mine = search;
  if (!row) return;
  const found = await ask(`/api/document?id=${encodeURIComponent(row.doc_id)}`);
  if (mine !== search || rowAt(selected)?.doc_id !== found.doc_id) return;
  shown = found;
  drawDocument();
});

// ---- one document

function drawText(side, parts, name) {
  const han = parts.some(([content]) => /[\u4e00-\u9fff]/.test(content)) ? "zh" : null;  // decides glyphs
  const lang = /^(zh-|yue|lzh)/.test(side.variant || "") ? side.variant : side.language || han;
  const text = make("div", {className: "text", lang, dir: "auto"}), query = form.text.value.toLowerCase();
  let hits = 0;
  for (const [content, isDifferent] of parts) {
    const target = isDifferent ? text.appendChild(make(name)) : text;
    const lower = content.toLowerCase();
    let from = 0;
    for (let at = query && lower.length === content.length ? lower.indexOf(query) : -1; at >= 0 && hits < MAX_HITS; hits++) {
      target.append(content.slice(from, at), make("mark", {className: "hit"}, content.slice(at, at + query.length)));
      from = at + query.length;
      at = lower.indexOf(query, from);
    }
    target.append(content.slice(from));
  }
  return text;
}

function reasonLine(found) {
  const {outcome, stage, reason, detail, value, threshold, measures} = found;
  const meaning = found.meaning ? ` (${found.meaning})` : "";
  if (outcome === "kept") {
    const last = [...overview.stages].reverse().find(name => name !== "tokenizer" && name !== "shards");
    return `by every finished stage, up to ${last}.`;
  }
  if (outcome === "edited") return `by ${stage}: ${reason}${meaning}. ${detail}.`;
  if (outcome === "duplicate") {
    const what = found.is_earlier ? "of a document of an earlier crawl, which is not in this run" : found.repeats ? "of the kept document beside it"
      : "of a document that is not in the tables of this run";
    return `found by ${stage}: ${reason}${meaning}. A duplicate ${what}; similarity ${number(measures.similarity)}.`;
  }
  const rule = found.rules.find(check => check.rule === reason);
  if (stage === "filter") return `by ${stage}, rule ${reason}: ${rule ? rule.signal : "the signal"} is ${number(value)}` +
    (rule && rule.keeps ? `, the rule keeps ${rule.keeps}.` : `, the bound is ${number(threshold)}.`);
  return `by ${stage}: ${reason}${meaning}${detail ? `. ${detail}` : ""}`;
}

function table(head, rows) {
  return make("div", {className: "scroll"}, make("table", {}, make("thead", {}, make("tr", {}, ...head.map(name => make("th", {scope: "col"}, name)))),
    make("tbody", {}, ...rows.map(cells => make("tr", {}, ...cells.map(cell =>
      typeof cell === "number" || cell === null ? make("td", {className: "n"}, number(cell)) : make("td", {}, cell)))))));
}

function drawDocument() {
  const found = shown, texts = make("div", {className: "texts"});
  const side = (title, parts, of, name) => texts.append(make("section", {}, title && make("h3", {}, title), drawText(of, parts, name)));
  const length = of => `${number(of.n_chars ?? of.measures?.n_chars)} characters`;
  if (found.repeats) {
    texts.classList.add("two");
    side(`Removed, ${length(found)}`, found.parts, found, "mark");
    side(`Kept, similarity ${number(found.measures.similarity)}, ${length(found.repeats)}`, found.repeats.parts, found.repeats, "mark");
    texts.lastChild.firstChild.after(make("p", {className: "url", dir: "auto"}, found.repeats.url || found.repeats.doc_id));
    texts.firstChild.firstChild.after(make("p", {className: "url", dir: "auto"}, found.url || found.doc_id));
  } else if (found.remaining) {
    texts.classList.add("two");
    side("Before", found.parts, found, "del");
    side("After", found.remaining, found, "ins");
  } else if (found.parts.length) side("", found.parts, found, "mark");
  else texts.append(make("p", {className: "empty"}, "No text is stored of a page that was rejected while extracting."));
  const ruleRows = checks => checks.map(({rule, signal, value, keeps, passes}) =>
    [rule, signal, value, keeps, make("span", {className: passes === false ? "bad" : passes ? "good" : "quiet"},
      passes === false ? "violated" : passes ? "passed" : "not known")]);
  const head = ["rule", "signal", "value", "keeps", ""], violated = found.rules.filter(check => check.passes === false);
  const measures = Object.entries(found.measures).filter(([, value]) => value !== null);
  const edits = Object.entries(found.edits?.cut || {}).map(([kind, [lines, parts, characters]]) =>
    `${kind}: ${number(lines)} lines, ${number(parts)} parts of lines, ${number(characters)} characters`);
  edits.push(...Object.entries(found.edits?.masked || {}).map(([kind, count]) => `${kind} masked: ${number(count)}`));
  pane.replaceChildren(
    make("h2", {lang: found.language, dir: "auto"}, found.title || found.url || found.doc_id),
    make("p", {className: "url", dir: "auto"}, found.url || ""),
    make("p", {className: `why ${found.outcome}`}, make("b", {}, found.outcome), " ", make("span", {}, reasonLine(found))),
    make("div", {className: "facts quiet"}, make("span", {}, `language ${found.variant || found.language || "unknown"}`),
      found.measures.n_chars === null ? null : make("span", {}, length(found)), make("span", {}, `id ${found.doc_id}`),
      edits.length ? make("span", {}, `changed while extracting: ${edits.join("; ")}`) : null),
    markButtons(found), violated.length ? table(head, ruleRows(violated)) : "", texts,
    found.rules.length && found.parts.length ? make("details", {}, make("summary", {}, `All rules for this language (${found.rules.length})`),
      table(head, ruleRows(found.rules))) : "",
    measures.length ? make("details", {}, make("summary", {}, `All signals (${measures.length})`), table(["signal", "value"], measures)) : "");
  pane.scrollTop = 0;
  const first = pane.querySelector("mark.hit, .two mark, del");
  const isBelow = first && first.getBoundingClientRect().top > pane.getBoundingClientRect().bottom;
  if (isBelow) first.scrollIntoView({block: "center"});
}

function markButtons(found) {
  const button = (label, name, key) => {
    const element = make("button", {type: "button", className: label[0]}, `${name} `, make("kbd", {}, key));
    element.setAttribute("aria-pressed", String(found.mark === label));
    element.addEventListener("click", () => mark(label));
    return element;
  };
  const back = make("button", {type: "button", disabled: !undo.length}, "Undo ", make("kbd", {}, "u"));
  back.addEventListener("click", () => takeBack());
  return make("div", {className: "marks"}, button("good", "Good", "g"), button("bad", "Bad", "b"), back,
    make("span", {className: "quiet"}, make("kbd", {}, "j"), " next ", make("kbd", {}, "k"), " previous ", make("kbd", {}, "/"), " search"));
}

// ---- marks

async function save(doc_id, label) {
  const answer = await ask("/api/mark", {doc_id, label});
  for (const rows of pages.values()) for (const row of rows || []) if (row.doc_id === doc_id) row.mark = label;
  if (shown?.doc_id === doc_id) shown.mark = label;
  drawCounts(answer.marks);
  tell(null);
  drawList();
  if (shown) pane.querySelector(".marks").replaceWith(markButtons(shown));
}

const mark = guarded(async function (label) {
  if (!shown || shown.mark === label) return;
  const step = [shown.doc_id, shown.mark];
  undo.push(step);
  try {
    await save(shown.doc_id, label);
  } catch (error) {
    undo.splice(undo.indexOf(step), 1);
    throw error;
  }
});

const takeBack = guarded(async function () {
  if (undo.length) await save(...undo.pop());
});

function drawCounts({good, bad, path}) {
  $("counts").textContent = `marked: ${number(good)} good, ${number(bad)} bad`;
  $("counts").title = path;
}

// ---- events

const keys = {j: () => select(selected + 1), k: () => select(selected - 1), g: () => mark("good"), b: () => mark("bad"), u: () => takeBack(),
  "/": () => form.text.select()};
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && form.contains(event.target)) { list.focus(); return; }
  if (event.target.matches("input, select")) return;
  const moves = {ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -total, End: total};
  const action = event.target === list && moves[event.key] ? () => select(selected + moves[event.key]) : keys[event.key];
  if (action) { event.preventDefault(); action(); }
});
let timer;
form.addEventListener("input", event => {
  clearTimeout(timer);
  timer = setTimeout(searchNow, event.target.matches("input") ? 150 : 0);
});
form.addEventListener("submit", event => { event.preventDefault(); clearTimeout(timer); searchNow(); list.focus(); });
$("add").addEventListener("click", () => { addRange(); $("ranges").lastChild.querySelector("select").focus(); });
$("clear").addEventListener("click", () => { restoreFilters(new URLSearchParams()); searchNow(); });
list.addEventListener("scroll", drawList);
addEventListener("resize", drawList);

guarded(async function () {
  overview = await ask("/api/overview");
  const share = (taken, all, what) => `${number(taken)} of ${number(all)} ${what}${all ? ` (${number(100 * taken / all)} %)` : ""}`;
  $("title").textContent = `sluice view: ${overview.output.replace(/\/+$/, "").split("/").pop()}`;
  document.title = $("title").textContent;
  $("share").textContent = `sample: ${share(overview.sampled_documents, overview.num_documents, "documents")}` +
    (overview.num_rejected ? `, ${share(overview.sampled_rejected, overview.num_rejected, "rejected pages")}` : "") +
    (overview.stages.includes("shards") ? "" : `; finished up to ${overview.stages.at(-1)}`);
  drawCounts(overview.marks);
  fillFilters();
  const fields = new URLSearchParams(location.hash.slice(1));
  restoreFilters(fields);
  await searchNow(fields.get("id"));
  list.focus();
})();
