// Draws the frames that metrics sends. Each frame says everything, so that a lost one is no loss.

const FORM = 1;
const FIRST = "curl smtp://127.0.0.1:2525 --mail-from eva@example.com --mail-rcpt support@acme.example -T examples/first.eml";
const SILENCE_MS = 15_000; // frames come every five seconds at the least
const RETRY_MS = [1_000, 2_000, 4_000, 8_000, 15_000];
const STALE_MS = 120_000; // nothing is decided for that long although somebody waits
const SILENT_MS = 600_000; // nothing at all, not even a heartbeat
const ANNOUNCE_MS = 60_000;

const CHANNELS = { phone: "calls", email: "e-mail", social: "messages", other: "other" };
const STATES = {
  idle: "Free", ringing: "Ringing", contact: "Serving", wrapup: "Wrap-up", break: "Break",
  not_ready: "Not ready", ending: "Ending",
};
const ALWAYS = new Set(["idle", "contact", "wrapup", "break"]);
// Which way is unwelcome. Fewer escalations are not always better, so that a lower share is never praised.
const UNWELCOME = { within_promise: "below", resolution: "below", escalation: "above", transfers: "above" };
const WELCOME = { within_promise: "above", resolution: "above" };
const LIVE_STATES = {
  connecting: ["…", "Connecting"], live: ["●", "Live"], paused: ["❚❚", "Paused"],
  lost: ["✕", "No connection"], old: ["!", "Old data"],
};

const $ = (id) => document.getElementById(id);
const shown = {
  frame: null, at: 0, connected: false, tried: false, paused: false, pausedAt: 0, stuck: false, state: "", lostAt: 0,
  announcedAt: -ANNOUNCE_MS, failure: "", tokenWanted: false,
};
const query = new URLSearchParams(location.search);

// --- words ------------------------------------------------------------------------------------------------

const percent = (value) => `${Math.round(value * 100)} %`;
const perContact = (value) => value.toFixed(2);
const plural = (amount, one, many) => `${amount} ${amount === 1 ? one : many}`;

function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (number) => String(number).padStart(2, "0");
  if (seconds < 3600) return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ${two(Math.floor(seconds / 60) % 60)}`;
  return `${Math.floor(seconds / 86_400)} d`;
}

function age(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

function clock(ms, seconds = false) {
  const options = { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: shown.frame.time_zone };
  return new Date(ms).toLocaleTimeString("en-GB", seconds ? { ...options, second: "2-digit" } : options);
}

function text(node, words) {
  if (node.textContent !== words) node.textContent = words;
}

// --- time -------------------------------------------------------------------------------------------------

function serviceNow() {
  const { frame, at } = shown;
  return frame.now_ms + (performance.now() - at) * frame.rate;
}

// --- drawing ----------------------------------------------------------------------------------------------

function draw() {
  const { frame } = shown;
  if (!frame || shown.paused) return; // a pause holds all that moves
  text($("desk"), frame.desk || (frame.desks.length ? "All desks" : "Frontdesk"));
  document.title = `${frame.desk || "All desks"} – Frontdesk wallboard`;
  drawDesks(frame);
  const live = frame.state === "live";
  $("cards").hidden = !live;
  if (live) {
    drawWaiting(frame);
    for (const figure of frame.figures) drawFigure(figure, frame);
    drawAgents(frame.agents);
    drawCurve(frame);
    text($("compared"), comparedWith(frame));
  }
  tick();
}

function drawDesks({ desk, desks }) {
  $("desk-choice").hidden = desks.length < 2;
  const select = $("desks");
  const wanted = ["", ...desks];
  if (wanted.join("\n") !== [...select.options].map((option) => option.value).join("\n")) {
    select.replaceChildren(...wanted.map((id) => new Option(id || "all desks", id)));
  }
  if (document.activeElement !== select) select.value = desk;
}

function drawWaiting({ waiting, figures }) {
  text($("waiting-now"), String(waiting.now));
  text($("waiting-late"), waiting.past_promise ? `! ${waiting.past_promise}` : "0");
  $("waiting-late").classList.toggle("attend", waiting.past_promise > 0);
  rows($("lines"), waiting.lines, (line) => [
    line.queue === "other" ? "no queue" : line.queue, CHANNELS[line.channel] ?? line.channel,
    String(line.waiting ?? 0), "",
  ]);
  waiting.lines.forEach((line, index) => {
    const row = $("lines").rows[index];
    row.dataset.waiting = String(line.waiting ?? 0);
    row.dataset.since = String(line.oldest_since_ms ?? 0);
    row.cells[2].classList.toggle("attend", (line.past_promise ?? 0) > 0);
    text(row.cells[2], line.past_promise ? `! ${line.waiting}` : String(line.waiting ?? 0));
  });
  const gone = figures.find((figure) => figure.name === "abandonment");
  const words = [];
  if (waiting.more) words.push(`${plural(waiting.more, "contact waits", "contacts wait")} in further queues.`);
  if (gone?.value !== undefined) words.push(`${gone.part} of ${gone.of} gave up today (${percent(gone.value)}).`);
  $("lines-more").hidden = !words.length;
  text($("lines-more"), words.join(" "));
  fitLines();
}

// On a wall nothing scrolls: rows that do not fit are told as a number, those with nobody waiting go first.
function fitLines() {
  const card = document.querySelector(".waiting");
  const all = [...$("lines").rows];
  for (const row of all) row.hidden = false;
  let hidden = 0;
  let waiting = 0;
  for (const row of all.reverse()) {
    if (card.scrollHeight <= card.clientHeight + 1 || all.length - hidden <= 1) break;
    row.hidden = true;
    hidden += 1;
    waiting += Number(row.dataset.waiting);
    const words = $("lines-more").textContent.replace(/^… .*?: \d+\. ?/, "");
    $("lines-more").hidden = false;
    text($("lines-more"), `… ${plural(hidden, "more line", "more lines")}, waiting there: ${waiting}. ${words}`.trim());
  }
}

function rows(body, items, cells) {
  while (body.rows.length > items.length) body.deleteRow(-1);
  items.forEach((item, index) => {
    const row = body.rows[index] ?? body.insertRow();
    cells(item).forEach((words, column) => {
      let cell = row.cells[column];
      if (!cell) {
        cell = document.createElement(column ? "td" : "th");
        if (!column) cell.scope = "row";
        if (column > (body.id === "lines" ? 1 : 0)) cell.className = "number";
        row.append(cell);
      }
      if (words !== "") text(cell, words);
    });
  });
}

function drawFigure(figure, frame) {
  const card = document.querySelector(`[data-figure="${CSS.escape(figure.name)}"]`);
  if (!card) return;
  const part = (name) => card.querySelector(`[data-part="${name}"]`);
  const share = figure.name !== "transfers";
  const written = share ? percent : perContact;
  const none = figure.value === undefined;
  text(part("value"), none ? "–" : written(figure.value).replace(" %", ""));
  text(part("unit"), share && !none ? "%" : "");
  drawUsual(part("usual"), figure, written, frame);
  text(part("of"), none ? "none yet" : ofWhat(figure, frame));
}

function drawUsual(node, figure, written, { usual }) {
  const verdict = figure.verdict ?? "";
  const marks = { above: "▲ above usual", below: "▼ below usual", usual: "≈ as usual" };
  let words = `no earlier ${usual.weekday} to compare with`;
  if (figure.usual !== undefined) words = `${marks[verdict] ?? "usual"} ${written(figure.usual)}`;
  node.dataset.tone = verdict && verdict === UNWELCOME[figure.name] ? "attend"
    : verdict && verdict === WELCOME[figure.name] ? "good" : "";
  text(node, words);
}

function ofWhat(figure, frame) {
  if (figure.name === "resolution") {
    const matured = frame.figures.find((one) => one.name === "resolution_matured");
    return matured?.value === undefined ? `${figure.part} of ${figure.of}` : `confirmed later: ${percent(matured.value)}`;
  }
  if (figure.name === "transfers") return `${figure.part} in ${figure.of}`;
  return `${figure.part} of ${figure.of}`;
}

function drawAgents(states) {
  const list = $("agents");
  const wanted = states.filter(({ state, agents }) => agents > 0 || ALWAYS.has(state));
  while (list.children.length > wanted.length) list.lastChild.remove();
  wanted.forEach(({ state, agents }, index) => {
    let group = list.children[index];
    if (!group) {
      group = document.createElement("div");
      group.append(document.createElement("dt"), document.createElement("dd"));
      list.append(group);
    }
    group.dataset.state = state;
    text(group.firstChild, STATES[state] ?? state);
    text(group.lastChild, String(agents));
  });
}

function comparedWith({ usual, time_zone: zone, partial }) {
  const words = usual.days
    ? `Usual: ${plural(usual.days, "earlier", "earlier")} ${usual.weekday}${usual.days === 1 ? "" : "s"}, up to this time of day. ▲ ▼ only beyond chance. ! past the promise.`
    : `No earlier ${usual.weekday} is known yet, so nothing is compared.`;
  const part = partial ? " Only desks that this replica of metrics counts." : "";
  return `${words} Days begin at midnight, ${zone}.${part}`;
}

// --- the curve --------------------------------------------------------------------------------------------

const SVG = "http://www.w3.org/2000/svg";

function drawCurve(frame) {
  const { curve } = frame;
  const plot = $("plot");
  const { width, height } = plot.getBoundingClientRect();
  if (!width || !height) return;
  const letter = parseFloat(getComputedStyle(plot).fontSize);
  const busy = (slot) => (curve.today[slot] ?? 0) > 0 || (curve.usual[slot] ?? 0) > 0 || slot === curve.today.length - 1;
  const slots = [...Array(curve.slots).keys()].filter(busy);
  let first = Math.floor(slots[0] / 4) * 4;
  const end = Math.min(curve.slots, Math.max(Math.ceil((slots.at(-1) + 1) / 4) * 4, first + 16));
  first = Math.max(0, Math.min(first, end - 16));
  const top = Math.max(4, ...curve.today, ...curve.usual);
  const left = letter * (String(Math.ceil(top)).length * 0.62 + 0.5);
  const bottom = height - letter * 1.5;
  const x = (slot) => left + ((slot - first) / (end - first)) * (width - left - 4);
  const y = (value) => bottom - (value / top) * (bottom - letter * 0.6);

  const parts = [];
  const half = bottom > letter * 5 ? [Math.max(1, Math.round(top / 2))] : [];
  for (const value of [0, ...half, Math.ceil(top)]) {
    parts.push(shape("line", { class: "axis", x1: left, x2: width, y1: y(value), y2: y(value) }));
    parts.push(label(left - letter * 0.4, y(value) + letter * 0.35, String(value), "end"));
  }
  for (let slot = first; slot < Math.min(end, curve.today.length); slot += 1) {
    const value = curve.today[slot];
    const bar = { class: "bar", x: x(slot) + 1, width: Math.max(1, x(1) - x(0) - 2), y: y(value), height: bottom - y(value) };
    if (value) parts.push(shape("rect", bar));
  }
  if (curve.usual.length) {
    const points = [];
    for (let slot = first; slot < end; slot += 1) points.push(`${x(slot)},${y(curve.usual[slot])}`, `${x(slot + 1)},${y(curve.usual[slot])}`);
    parts.push(shape("polyline", { class: "usual-line", points: points.join(" ") }));
  }
  const hours = Math.ceil((letter * 3.6) / (x(4) - x(0)));
  for (let slot = first; slot <= end; slot += 4 * hours) {
    if (x(slot) + letter * 1.5 > width) break;
    parts.push(label(Math.max(x(slot), letter * 1.5), height - letter * 0.15, clock(frame.day_starts_ms + slot * 900_000), "middle"));
  }
  const today = curve.today.reduce((sum, value) => sum + value, 0);
  const usual = curve.usual.slice(0, curve.today.length).reduce((sum, value) => sum + value, 0);
  const words = `Contacts that arrived per quarter hour: ${today} so far today`
    + (curve.usual.length ? `, usually ${Math.round(usual)} by this time.` : ".");
  const title = $("plot-words");
  text(title, words);
  plot.replaceChildren(title, ...parts);
  text($("arrived"), String(today));
  text($("arrived-usual"), String(Math.round(usual)));
  $("arrived-usual-box").hidden = !curve.usual.length;
  if ($("curve-dialog").open) drawHours();
}

function shape(name, attributes) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    node.setAttribute(key, typeof value === "number" ? String(Math.round(value * 10) / 10) : value);
  }
  return node;
}

function label(x, y, words, anchor) {
  const node = shape("text", { x, y, "text-anchor": anchor });
  node.textContent = words;
  return node;
}

function drawHours() {
  const { frame } = shown;
  const { curve } = frame;
  const sum = (values, slot) => values.slice(slot, slot + 4).reduce((one, other) => one + other, 0);
  const hours = [];
  for (let slot = 0; slot < curve.slots; slot += 4) {
    const happened = slot < curve.today.length;
    hours.push([
      clock(frame.day_starts_ms + slot * 900_000), happened ? String(sum(curve.today, slot)) : "–",
      curve.usual.length ? sum(curve.usual, slot).toFixed(1) : "–",
    ]);
  }
  rows($("hours"), hours, (cells) => cells);
}

// --- every second -----------------------------------------------------------------------------------------

function tick() {
  const { frame } = shown;
  if (frame && !shown.paused) {
    // Without a connection time stands still too: waits that only seem to grow would be made up.
    const now = shown.connected ? serviceNow() : shown.lostAt;
    drawTimes(frame, now);
    const old = frame.watermark_ms ? (now - frame.watermark_ms) / frame.rate : 0;
    shown.stuck = frame.state === "live" && ((frame.waiting.now > 0 && old > STALE_MS) || (frame.beats && old > SILENT_MS));
  }
  restate();
  notice(frame);
}

function drawTimes(frame, now) {
  text($("clock"), clock(now, true));
  const day = { weekday: "long", day: "numeric", month: "long", timeZone: frame.time_zone };
  text($("date"), new Date(now).toLocaleDateString("en-GB", day));
  if (frame.state === "live") {
    const since = frame.waiting.oldest_since_ms;
    text($("waiting-oldest"), since ? duration(now - since) : "none");
    for (const row of $("lines").rows) {
      const at = Number(row.dataset.since);
      text(row.cells[3], at ? duration(now - at) : "–");
    }
  }
}

function standing() {
  if (!shown.connected) return shown.tried ? "lost" : "connecting";
  if (shown.paused) return "paused";
  return shown.stuck ? "old" : "live";
}

function restate() {
  const state = standing();
  const { frame } = shown;
  let words = LIVE_STATES[state][1];
  if (state === "live" && frame?.watermark_ms) words = `Live, data ${age(serviceNow() - frame.watermark_ms)} old`;
  if (state === "paused") words = `Paused at ${clock(shown.pausedAt)}`;
  text($("state-words"), words);
  if (shown.state === state) return;
  announce(LIVE_STATES[state][1], true);
  shown.state = state;
  $("state").dataset.state = state;
  text($("state-mark"), LIVE_STATES[state][0]);
  document.body.toggleAttribute("data-stale", state === "lost" || state === "old");
}

function notice(frame) {
  const found = noticeOf(frame);
  $("notice").hidden = !found;
  $("token-open").hidden = !shown.tokenWanted;
  if (!found) return;
  const [kind, words, command] = found;
  $("notice").dataset.kind = kind;
  text($("notice-words"), words);
  $("notice-command").hidden = !command;
  text($("notice-command"), command ?? "");
}

function noticeOf(frame) {
  if (shown.failure) return ["attend", shown.failure];
  if (!shown.connected && shown.tried) {
    const since = frame ? ` since ${clock(shown.lostAt)}. What stands here is from then` : "";
    return ["attend", `No connection to metrics${since}. This page tries again every few seconds by itself.`];
  }
  if (!frame) return null;
  if (shown.stuck && !frame.waiting.now) {
    return ["attend", `No sign of life for ${age(serviceNow() - frame.watermark_ms)}, not even a heartbeat: intake, the router or metrics may stand still.`];
  }
  if (shown.stuck) {
    return ["attend", `The newest decision is ${age(serviceNow() - frame.watermark_ms)} old although ${plural(frame.waiting.now, "contact waits", "contacts wait")}: the router or metrics may stand still.`];
  }
  if (frame.state === "recovering") return ["calm", "Metrics is reading the log and will show this desk when it has caught up."];
  if (frame.state === "elsewhere") return ["calm", `Desk ${frame.desk} is counted by another replica of metrics: open the wallboard there.`];
  if (frame.state === "unconfigured") return unconfigured(frame);
  if (frame.overloaded) return ["attend", "This desk has more work than time: customers are acknowledged at once and callers are offered a call-back."];
  if (!frame.curve.today.some(Boolean) && !frame.waiting.now) {
    if (frame.usual.days) return ["calm", "Nothing has arrived today yet."];
    return ["calm", "Nothing has arrived yet. As soon as a contact comes in, it shows here. A first one by mail, with the example desk:", FIRST];
  }
  return null;
}

function unconfigured({ desk, desks }) {
  if (desks.length) return ["attend", `There is no desk named “${desk}” here. There are: ${desks.join(", ")}.`];
  return ["calm", "No desk is configured yet. Start Frontdesk with one:", "frontdesk serve --desk examples/desk.toml"];
}

// --- for those who listen ---------------------------------------------------------------------------------

function announce(words, now = false) {
  if (!now && performance.now() - shown.announcedAt < ANNOUNCE_MS) return;
  shown.announcedAt = performance.now();
  text($("announce"), words);
}

function summary({ waiting, figures }) {
  const within = figures.find((figure) => figure.name === "within_promise");
  const words = [waiting.now ? `${waiting.now} waiting, longest ${duration(serviceNow() - waiting.oldest_since_ms)}` : "Nobody waiting"];
  if (within?.value !== undefined) words.push(`${percent(within.value)} within the promise`);
  return `${words.join("; ")}.`;
}

// --- frames -----------------------------------------------------------------------------------------------

function take(frame) {
  if (shown.frame && frame.assets !== shown.frame.assets) {
    location.reload(); // metrics was started again with a newer page
    return;
  }
  shown.failure = frame.form === FORM ? "" : "This page is older than metrics: load it again.";
  shown.tokenWanted = false;
  shown.connected = shown.tried = true;
  shown.frame = frame;
  shown.at = performance.now();
  if (shown.paused) return;
  draw();
  if (frame.state === "live") announce(summary(frame));
}

async function follow() {
  for (let attempt = 0; ; attempt += 1) {
    const stop = new AbortController();
    shown.stop = stop;
    let heard = false;
    try {
      heard = await listen(stop);
    } catch (error) {
      heard = error.heard ?? false;
    }
    if (heard) attempt = 0;
    if (!shown.changing) lose();
    const pause = shown.changing ? 0 : RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)] * (0.75 + Math.random() / 2);
    shown.changing = false;
    await new Promise((done) => { shown.wake = done; setTimeout(done, pause); });
  }
}

function lose() {
  if (shown.connected) shown.lostAt = serviceNow();
  shown.connected = false;
  shown.tried = true;
  tick();
}

async function listen(stop) {
  let heard = false;
  let timer = 0;
  const hear = () => {
    clearTimeout(timer);
    timer = setTimeout(() => stop.abort(), SILENCE_MS);
  };
  try {
    hear();
    const address = `frames?${new URLSearchParams({ desk: query.get("desk") ?? "" })}`;
    const response = await fetch(address, { headers: authorization(), signal: stop.signal, cache: "no-store" });
    if (!response.ok) {
      clearTimeout(timer);
      await refused(response);
      return false;
    }
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return heard;
      hear();
      const events = (rest + value).split("\n\n");
      rest = events.pop();
      const newest = events.filter((event) => event.startsWith("data: ")).pop();
      if (newest) {
        heard = true;
        take(JSON.parse(newest.slice(6)));
      }
    }
  } catch (error) {
    throw Object.assign(error, { heard });
  } finally {
    clearTimeout(timer);
  }
}

async function refused(response) {
  if (response.status === 401) {
    if (!shown.tokenWanted && await askToken()) return;
    shown.tokenWanted = true;
    shown.failure = "This wallboard asks for a token that its operator gives out.";
  } else if (response.status === 503) {
    shown.failure = "As many browsers as may watch are watching already. This page tries again by itself; FRONTDESK_WALLBOARD_VIEWERS_MAX sets how many.";
  } else {
    shown.failure = `Metrics answers with status ${response.status}. This page tries again by itself.`;
  }
}

// --- who may see it ---------------------------------------------------------------------------------------

function authorization() {
  const token = sessionStorage.getItem("token");
  return token ? { Authorization: `Bearer ${token}` } : {};
}

function askToken() {
  const dialog = $("token-dialog");
  text($("token-title"), sessionStorage.getItem("token") ? "That token does not open this wallboard" : "This wallboard asks for a token");
  sessionStorage.removeItem("token");
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener("close", () => {
      const given = $("token").value.trim();
      $("token").value = "";
      if (given) {
        sessionStorage.setItem("token", given);
        shown.tokenWanted = false;
        shown.changing = true;
        shown.wake?.();
      }
      done(given !== "");
    }, { once: true });
  });
}

// A wall screen keeps its token in the fragment of its address, which is never sent to anybody.
function tokenFromAddress() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token) sessionStorage.setItem("token", token);
}

// --- controls ---------------------------------------------------------------------------------------------

const THEMES = ["automatic", "dark", "light"];

function theme(name) {
  const chosen = THEMES.includes(name) ? name : "automatic";
  if (chosen === "automatic") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.dataset.theme = chosen;
  text($("theme"), `Theme: ${chosen}`);
  localStorage.setItem("theme", chosen);
}

function pause() {
  shown.paused = !shown.paused;
  $("pause").setAttribute("aria-pressed", String(shown.paused));
  text($("pause"), shown.paused ? "Go on" : "Pause");
  shown.pausedAt = serviceNow();
  draw();
  tick();
}

$("theme").addEventListener("click", () => {
  const now = localStorage.getItem("theme") ?? "automatic";
  theme(THEMES[(THEMES.indexOf(now) + 1) % THEMES.length]);
});
$("pause").addEventListener("click", () => { if (shown.frame) pause(); });
$("desks").addEventListener("change", () => {
  query.set("desk", $("desks").value);
  history.replaceState(null, "", `?${query}${location.hash}`);
  shown.changing = true;
  shown.stop.abort();
});
$("token-open").addEventListener("click", () => { askToken(); });
$("curve-open").addEventListener("click", () => { drawHours(); $("curve-dialog").showModal(); });
$("curve-close").addEventListener("click", () => $("curve-dialog").close());
addEventListener("resize", draw);

tokenFromAddress();
theme(query.get("theme") ?? localStorage.getItem("theme") ?? "automatic");
setInterval(tick, 1000);
follow();
