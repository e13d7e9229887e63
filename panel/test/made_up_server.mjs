// A made-up server with the answers of docreview's tools, in memory: documents of any size and with any text.

const CODE = "AGRMADEUPCODE";

/** An invoice with doubtful fields and a table, as `review_panel_page` would have it. */
export function invoice({ id = "doc-1", name = "invoice-010.pdf", pages = 1, rows = 4, text = null } = {}) {
  const shown = (given) => text ?? given;
  const document = { id, name: shown(name), stage: "validation passed", approved: false, assigned: [], readOnly: false, pages: [] };
  for (let number = 1; number <= pages; number += 1) {
    const fields = [
      ["po_number", "", 0.12, [520, 118, 640, 134]],
      ["vendor_name", "Norrland Logistik AB", 0.91, [60, 60, 300, 84]],
      ["vendor_address", "Hamngatan 8, 972 34 Lulea, Sweden", 0.94, [60, 90, 330, 106]],
      ["invoice_number", "33700", 0.96, [520, 60, 600, 76]],
      ["invoice_date", "2026-10-18", 0.97, [520, 80, 620, 96]],
      ["due_date", "2026-11-17", 0.7, [520, 99, 620, 115]],
      ["subtotal", "1,297.25", 0.93, [640, 900, 730, 916]],
      ["tax_amount", "324.31", 0.97, [640, 922, 730, 938]],
      ["total_amount", "1,621.65", 0.46, [640, 946, 730, 964]],
      ["iban", "SE45 5000 0000 0583 9825 7466", 0.92, [60, 1000, 330, 1016]],
    ].map(([field, value, confidence, box], index) => ({
      id: `f${number}-${index}`, kind: "field", name: shown(field), value: shown(value), confidence, box,
      table_id: null, row: null, column: null,
    }));
    const columns = ["description", "quantity", "unit_price", "amount"];
    const lines = [["Software subscription, seat per month", "16", "29.00", "464.00"], ["Freight, standard delivery", "14", "48.00", "672.00"],
      ["Nitrile gloves, size L, box of 200", "5", "13.75", "68.75"], ["Euro pallet 1200 x 800, heat treated", "5", "18.50", "92.50"]];
    const step = Math.min(26, 480 / rows);
    const cells = Array.from({ length: rows }, (_, row) => columns.map((column, index) => ({
      id: `c${number}-${row}-${index}`, kind: "cell", name: shown(column), value: shown(lines[row % 4][index]),
      confidence: row === 1 && index === 3 ? 0.41 : 0.95, table_id: `t${number}`, row, column: index,
      box: [[60, 400, 480, 640][index], 300 + row * step, [380, 460, 600, 740][index], 300 + row * step + Math.min(16, step - 1)],
    }))).flat();
    const values = [...fields, ...cells].map((value) => ({
      status: "unverified", message: null, corrected: false, last_entry: null, ...value,
    }));
    document.pages.push({ number, id: `p${number}`, values, tables: [{ id: `t${number}`, name: shown("line_items"), columns: columns.map(shown) }] });
  }
  return document;
}

export class MadeUpServer {
  constructor({ documents = [invoice()], needsVerified = false, confirmDeletes = true } = {}) {
    this.documents = new Map(documents.map((document) => [document.id, document]));
    this.needsVerified = needsVerified;
    this.confirmDeletes = confirmDeletes;
    this.calls = [];
    this.journal = [];
    this.next = 1;
    this.key = "panel-key-1";
    /** What to do instead of answering the next calls of a tool: (answer) => result. */
    this.instead = new Map();
  }

  /** The result of one call; `instead` may answer for it, and decides whether it is carried out. */
  async call({ name, arguments: values, _meta }) {
    this.calls.push({ name, values, key: _meta?.["docreview/panel"] });
    const instead = this.instead.get(name)?.shift();
    const answer = () => this.#answer(name, values);
    return instead ? instead(answer) : answer();
  }

  #answer(name, values) {
    try {
      return result(this[name](values), name === "review_panel" ? { "docreview/panel": this.key } : undefined);
    } catch (error) {
      if (!error.answer) throw error;
      return { ...result(error.answer), isError: true };
    }
  }

  written(name = "review_apply") {
    return this.calls.filter((call) => call.name === name);
  }

  value(id) {
    return [...this.documents.values()].flatMap((each) => each.pages).flatMap((page) => page.values).find((value) => value.id === id);
  }

  /** Somebody else changes a value. */
  changeElsewhere(id, text, who = "ana, other host") {
    const value = this.value(id);
    const entry = this.#record("nanonets_update_field", { field_data_id: id }, { value: value.value }, { value: text }, who);
    Object.assign(value, { value: text, corrected: true, last_entry: lastEntry(entry) });
  }

  review_panel({ workflow_id, document_id, page_number }) {
    const document = this.#document(document_id);
    const first = document.pages.find((page) => page.values.some(isDoubtful)) ?? document.pages[0];
    return {
      document: { ...this.#facts(document), workflow_id }, page_number: page_number ?? first.number, doubtful: [],
      counts: { values: 0, doubtful: 0, verified: 0, corrected: 0 }, against_approval: [], browser: "http://127.0.0.1:8000/panel",
    };
  }

  review_panel_page({ workflow_id, document_id, page_number, picture: isWanted = true }) {
    const document = this.#document(document_id);
    const page = document.pages.find((each) => each.number === page_number) ?? fail("not_found", "There is no such page. Nothing was sent.");
    const sum = page.values.find((value) => value.name === "total_amount");
    return {
      document: { ...this.#facts(document), workflow_id },
      page: { page_number, page_id: page.id, width: isWanted ? 800 : 0, height: isWanted ? 1100 : 0 },
      picture: isWanted ? picture(page) : null,
      picture_note: null,
      values: page.values.map((value) => ({
        ...value, doubtful: isDoubtful(value), why: isDoubtful(value) ? `Its confidence is ${value.confidence}, below 0.8.` : null,
      })),
      tables: page.tables,
      checks: sum?.value === "1,621.65"
        ? [{ check: "total", message: "subtotal + tax_amount is 1,621.56, but total_amount is 1,621.65.", value_ids: [sum.id] }] : [],
    };
  }

  review_apply({ document_id, changes, confirm }) {
    const document = this.#document(document_id);
    const values = document.pages.flatMap((page) => page.values);
    for (const change of changes) {
      const value = values.find((each) => each.id === (change.field_data_id ?? change.cell_id));
      if (value && change.expected_value !== undefined && change.expected_value !== value.value && change.value !== value.value) {
        fail("conflict", `changes.0: the current value is “${value.value}”, expected “${change.expected_value}”. Nothing was sent.`, "no",
          "The document was changed in the meantime. Read it again and reconsider.");
      }
      if (change.delete && this.confirmDeletes && confirm !== CODE) ask(`Apply corrections: delete row ${change.row}`);
    }
    const done = {};
    const fresh = {};
    const already = [];
    changes.forEach((change, index) => {
      const value = values.find((each) => each.id === (change.field_data_id ?? change.cell_id));
      const entries = value ? this.#change(value, change) : this.#structure(document, change, fresh, index);
      if (entries.length === 0) already.push(value.id);
      else done[value?.id ?? `changes.${index}`] = entries.length === 1 ? entries[0] : entries;
    });
    return batch("changes made", changes.length, done, already, fresh);
  }

  review_undo({ entries }) {
    const calls = entries.map((number) => {
      const entry = this.journal.find((each) => each.entry === number) ?? fail("not_found", `no entry ${number}`);
      if (entry.undone_by) fail("conflict", `undone already: ${number}. Nothing was sent.`);
      entry.undo();
      const undoing = this.#record(entry.tool, entry.arguments, entry.after, entry.before);
      Object.assign(entry, { undone_by: undoing.entry, undoable: false });
      return { undoes: number, tool: entry.tool, entry: undoing.entry };
    });
    return { undone: entries, calls };
  }

  review_history({ about, before = Infinity, limit = 20 }) {
    const entries = this.journal.filter((each) => each.entry < before && about.every((id) => JSON.stringify(each.arguments).includes(id)));
    return { entries: entries.toReversed().slice(0, limit).map(({ undo, ...entry }) => entry) };
  }

  review_files({ action, file_ids: [id], member }) {
    const document = this.#document(id);
    const { allowed, reasons } = this.#approval(document);
    if (action === "approve" && !allowed) fail("not_allowed", `The policy's rule on approvals: ${reasons.join(" ")} Nothing was sent.`);
    const approved = document.approved;
    if (action === "assign") document.assigned = [member];
    else document.approved = action === "approve";
    const entry = this.#record(`nanonets_${action}_file`, { document_id: id }, null, null);
    entry.undo = () => { document.approved = approved; };
    return batch("files decided", 1, { [id]: entry.entry }, [], {});
  }

  review_queue() {
    const entries = [...this.documents.values()].filter((each) => !each.approved)
      .map((each) => ({ kind: "document", name: each.name, workflow_id: "w-1", document_id: each.id, reasons: ["not_approved"] }));
    return { entries, total: entries.length };
  }

  #document(id) {
    return this.documents.get(id) ?? fail("not_found", `There is no document ${id}.`);
  }

  #facts(document) {
    return {
      document_id: document.id, name: document.name, stage: document.stage, approved: document.approved,
      assigned_to: document.assigned, page_numbers: document.pages.map((page) => page.number),
      doubtful_by_page: Object.fromEntries(document.pages.map((page) => [page.number, page.values.filter(isDoubtful).length])),
      approve: this.#approval(document), read_only: document.readOnly,
    };
  }

  #approval(document) {
    const open = document.pages.flatMap((page) => page.values).filter(isDoubtful);
    if (!this.needsVerified || open.length === 0) return { allowed: true, reasons: [] };
    return { allowed: false, reasons: open.map((value) => `${value.name} has confidence ${value.confidence} and is not verified.`) };
  }

  #change(value, change) {
    const entries = [];
    if (change.value !== undefined && change.value !== value.value) {
      entries.push(this.#set(value, "update", { value: change.value, corrected: true }));
    }
    const message = change.verification_message ?? value.message;
    if (change.verification_status && (value.status !== change.verification_status || value.message !== message)) {
      entries.push(this.#set(value, "verify", { status: change.verification_status, message }));
    }
    return entries;
  }

  #set(value, verb, now) {
    const old = Object.fromEntries(Object.keys(now).map((name) => [name, value[name]]));
    const values = { [value.kind === "field" ? "field_data_id" : "cell_id"]: value.id, document_id: "doc-1" };
    const [before, after] = [old, now].map((each) => (verb === "verify" ? { verification_status: each.status } : { value: each.value }));
    const entry = this.#record(`nanonets_${verb}_${value.kind}`, values, before, after);
    Object.assign(value, now, { last_entry: lastEntry(entry) });
    entry.undo = () => Object.assign(value, old, { last_entry: null });
    return entry.entry;
  }

  #structure(document, change, fresh, index) {
    const page = document.pages.find((each) => each.id === change.page_id || each.tables[0].id === change.table_id) ?? document.pages[0];
    const before = page.values;
    const plain = { status: "unverified", message: null, corrected: true, last_entry: null, confidence: 1, box: null, table_id: null, row: null, column: null };
    if (change.delete) {
      page.values = before.filter((value) => value.table_id !== change.table_id || value.row !== change.row);
    } else if (change.field_name) {
      const id = `new-${this.next}`;
      fresh[`changes.${index}`] = id;
      page.values = [...before, { ...plain, id, kind: "field", name: change.field_name, value: change.value, box: change.bbox ?? null }];
    } else {
      const row = Math.max(-1, ...before.filter((value) => value.table_id === change.table_id).map((value) => value.row)) + 1;
      page.values = [...before, ...Object.entries(change.cells).map(([name, value]) => ({
        ...plain, id: `new-${row}-${name}`, kind: "cell", name, value, table_id: change.table_id, row, column: page.tables[0].columns.indexOf(name),
      }))];
    }
    const entry = this.#record(change.delete ? "nanonets_delete_cell" : "nanonets_add_field", { document_id: document.id }, null, null);
    entry.undo = () => { page.values = before; };
    return [entry.entry];
  }

  #record(tool, values, before, after, by = "root, panel test") {
    const entry = {
      entry: this.next, at: "2026-11-29T18:31:09Z", tool, arguments: { document_id: "doc-1", ...values }, outcome: "done",
      before, after, by, undoable: true, undo: () => undefined,
    };
    this.next += 2;
    this.journal.push(entry);
    return entry;
  }
}

export function isDoubtful(value) {
  return value.confidence < 0.8 && value.status !== "verified";
}

export function errorResult(code, message, done = "no", next = "") {
  return { ...result({ error: { code, message, status: null, retryable: false, done, next } }), isError: true };
}

function lastEntry({ entry, tool, by, at }) {
  return { entry, tool, who: by, when: at, undoable: true };
}

function result(answer, _meta) {
  return { content: [{ type: "text", text: JSON.stringify(answer) }], structuredContent: answer, ...(_meta ? { _meta } : {}) };
}

function fail(code, message, done = "no", next = "") {
  throw Object.assign(new Error(message), { answer: { error: { code, message, status: null, retryable: false, done, next } } });
}

function ask(summary) {
  const error = { code: "needs_confirmation", message: `Confirmation required: ${summary}. Nothing was sent.`, done: "no", next: "" };
  throw Object.assign(new Error(summary), { answer: { error, docreview: { confirm: CODE, expires_in_seconds: 300, summary } } });
}

function batch(words, total, done, already, fresh) {
  const entries = Object.values(done).flat();
  return {
    summary: `${Object.keys(done).length} of ${total} ${words}.`,
    counts: { ...(entries.length > 0 ? { done: Object.keys(done).length } : {}), ...(already.length > 0 ? { already: already.length } : {}) },
    ...(entries.length > 0 ? { done } : {}), ...(already.length > 0 ? { already } : {}), new: fresh,
    ...(entries.length > 0 ? { docreview: { entries: entries.join(", "), undoable: true } } : {}),
  };
}

function picture(page) {
  const escape = (text) => text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const lines = page.values.filter((value) => value.box).map(({ box: [x1, y1, , y2], value }) =>
    `<text x="${x1 + 2}" y="${y2 - 4}" font-size="${Math.max(4, (y2 - y1) * 0.75)}">${escape(value.slice(0, 60))}</text>`);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="800" height="1100" font-family="serif"><rect width="800" height="1100" fill="#fff"/>` +
    `<text x="60" y="40" font-size="26">Invoice</text><path d="M60 290H740M60 890H740" stroke="#999"/>${lines.join("")}</svg>`;
  return { mime: "image/svg+xml", data: Buffer.from(svg).toString("base64"), width: 800, height: 1100 };
}
