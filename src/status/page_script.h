// The script that keeps an open page up to date. It copies the texts under the key "page" of
// /api/v1/pools into the elements with these ids, so all wording is the server's.
#pragma once

#include <string_view>

namespace scidex::status {

inline constexpr std::string_view kPageScript = R"('use strict';
const INTERVAL_MS = 2000;
const TIMEOUT_MS = 3000;
const byId = (id) => document.getElementById(id);
let answeredAt = Date.now();
let polling = false;
let timer = 0;

// Leaves unchanged text alone, so that selections stay and screen readers do not repeat it.
function setText(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

function showRows(body, rows) {
  body.closest('section').hidden = rows.length === 0;
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach(({cells, alarm}, i) => {
    const row = body.rows[i] ?? body.insertRow();
    row.classList.toggle('alarm', alarm);
    cells.forEach((text, j) => setText(row.cells[j] ?? row.insertCell(), text));
  });
}

function showBar(role, pool) {
  byId(role).classList.toggle('absent', !pool);
  if (!pool) return;
  const bar = byId(role).querySelector('.bar');
  bar.setAttribute('viewBox', `0 0 ${pool.max_size} 1`);
  bar.querySelector('.free').setAttribute('width', pool.max_size);
  let x = 0;
  for (const state of ['in_use', 'idle', 'connecting']) {
    const rect = bar.querySelector(`.${state}`);
    rect.setAttribute('x', x);
    rect.setAttribute('width', pool[state]);
    x += pool[state];
  }
}

function show({pools, page}) {
  document.title = page.title;
  byId('state').className = page.state;
  for (const [id, text] of Object.entries(page.texts)) {
    setText(byId(id), text);
    byId(id)?.classList.toggle('alarm', page.alarms.includes(id));
  }
  for (const [id, rows] of Object.entries(page.rows)) showRows(byId(id), rows);
  for (const [role, pool] of Object.entries(pools)) showBar(role, pool);
}

function showStale(error) {
  const seconds = Math.round((Date.now() - answeredAt) / 1000);
  setText(byId('stale-at'), byId('at').textContent);
  setText(byId('stale-age'), seconds < 120 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`);
  setText(byId('stale-why'), error.message);
}

async function ask() {
  const options = {cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS)};
  const response = await fetch('/api/v1/pools', options);
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.json();
}

// One request at a time, and none while the page is hidden.
async function poll() {
  clearTimeout(timer);
  if (polling || document.hidden) return;
  polling = true;
  let failure = null;
  try {
    show(await ask());
    answeredAt = Date.now();
  } catch (error) {
    failure = error;
    showStale(error);
  }
  byId('stale').hidden = !failure;
  byId('live').hidden = Boolean(failure);
  document.body.classList.toggle('stale', Boolean(failure));
  polling = false;
  timer = setTimeout(poll, INTERVAL_MS);
}

document.addEventListener('visibilitychange', poll);
poll();
)";

}  // namespace scidex::status
