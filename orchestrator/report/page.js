"use strict";
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const tables = read("rows"), charts = read("charts"), named = document.body.dataset.named;
const base = Object.values(tables)[0][0][named];
const chosen = document.getElementById("scenario"), words = document.getElementById("node");
const kind = document.getElementById("kind"), views = {};
const MOST = { nodes: 25, prices: 20 };
const MONEY = new Set(["cost", "bound", "more", "an_order", "least_more", "most_more", "price"]);

function meets(row) {
  const text = words ? words.value.trim().toLowerCase() : "";
  if (text && row.node !== undefined && !String(row.node).toLowerCase().includes(text)) return false;
  return !kind || !kind.value || row.kind === undefined || row.kind === kind.value;
}

function shown(table, show) {
  const wanted = { all: null, chosen: [chosen.value], base: [base], both: [base, chosen.value] }[show];
  return tables[table].filter((row) => (!wanted || wanted.includes(row[named])) && meets(row));
}

function largest(rows, table, field) {
  const most = MOST[table], sizes = new Map();
  if (!most || field === undefined) return most ? rows.slice(0, most) : rows;
  for (const row of rows) {
    sizes.set(row.node, Math.max(sizes.get(row.node) || 0, Math.abs(row[field])));
  }
  const kept = [...sizes].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, most);
  const rank = new Map(kept.map(([node], i) => [node, i]));
  return rows.filter((row) => rank.has(row.node))
    .sort((a, b) => rank.get(a.node) - rank.get(b.node));
}

function rowsOf(key, name) {
  const cut = name.lastIndexOf("_"), table = name.slice(0, cut), show = name.slice(cut + 1);
  const rows = shown(table, show), isMap = key === "before" || key === "after";
  if (isMap) return rows;
  const moved = key === "moved" ? rows.filter((row) => row.more) : rows;
  return largest(moved, table, { moved: "more", load: "shipments" }[key]);
}

function namesIn(spec, found = new Set()) {
  if (spec && typeof spec === "object") {
    if (spec.data && spec.data.name) found.add(spec.data.name);
    Object.values(spec).forEach((part) => namesIn(part, found));
  }
  return found;
}

async function draw() {
  const narrow = window.innerWidth < 500;
  for (const [key, spec] of Object.entries(charts)) {
    const names = [...namesIn(spec)];
    const datasets = Object.fromEntries(names.map((name) => [name, rowsOf(key, name)]));
    if (views[key]) views[key].finalize();
    delete views[key];
    if (!Object.values(datasets).flat().length) {
      document.getElementById(`chart-${key}`).textContent = "Nothing to show here.";
      continue;
    }
    const axis = { ...spec.config.axis, ...(narrow ? { labelLimit: 130 } : {}) };
    const whole = { ...spec, datasets, config: { ...spec.config, axis } }, by = spec.usermeta;
    if (by) {
      const things = new Set(Object.values(datasets).flat().map((row) => row[by.field]));
      whole.height = Math.max(1, things.size) * by.step;
    }
    const how = { actions: false, renderer: "svg", mode: "vega-lite" };
    const drawn = await vegaEmbed(`#chart-${key}`, whole, how);
    views[key] = drawn.view;
  }
  fill();
  document.body.dataset.drawn = String(Number(document.body.dataset.drawn || 0) + 1);
}

function cell(value, name, table) {
  if (value === null || value === undefined) return "";
  if (typeof value !== "number") return String(value);
  const digits = MONEY.has(name) && !(table === "nodes" && name === "more") ? 2 : 0;
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: 3 });
}

function fill() {
  for (const box of document.querySelectorAll("[data-table]")) {
    const named = box.dataset.table, rows = shown(named, box.dataset.show);
    const head = Object.keys(tables[named][0] || {});
    const table = document.createElement("table");
    const line = (parent, values, tag) => {
      const tr = parent.insertRow();
      values.forEach((value, at) => {
        const td = document.createElement(tag);
        td.textContent = tag === "th" ? value.replaceAll("_", " ") : cell(value, head[at], named);
        if (typeof value === "string") td.className = "text";
        tr.append(td);
      });
    };
    line(table.createTHead(), head, "th");
    const body = table.createTBody();
    rows.forEach((row) => line(body, head.map((name) => row[name]), "td"));
    box.replaceChildren(table);
  }
  for (const part of document.querySelectorAll("[data-of]")) {
    part.hidden = part.dataset.of !== chosen.value;
  }
}

function lines(box, by) {
  const quote = (text) => (by === "," && /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const head = Object.keys(tables[box.dataset.table][0] || {});
  const rows = shown(box.dataset.table, box.dataset.show);
  return [head, ...rows.map((row) => head.map((name) => row[name] ?? ""))]
    .map((row) => row.map((value) => quote(String(value))).join(by)).join("\n") + "\n";
}

function save(name, href) {
  const link = document.createElement("a");
  link.href = href; link.download = name; link.click();
}

document.addEventListener("click", async (event) => {
  const { copy, csv, png } = event.target.dataset;
  const box = document.querySelector(`[data-table="${copy || csv}"]`);
  if (copy) {
    await navigator.clipboard.writeText(lines(box, "\t"));
    event.target.textContent = "Copied";
  }
  if (csv) save(`${csv}.csv`, URL.createObjectURL(new Blob([lines(box, ",")], { type: "text/csv" })));
  if (png && views[png]) save(`${png}.png`, await views[png].toImageURL("png", 2));
});

let waiting;
const later = () => { clearTimeout(waiting); waiting = setTimeout(draw, 150); };
[chosen, kind].forEach((input) => input && input.addEventListener("change", draw));
if (words) words.addEventListener("input", later);
draw();
