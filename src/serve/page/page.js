/** The page: what is drawn, chosen, dropped or pasted goes to /predict, and the answer is shown. */

const canvas = document.getElementById('canvas');
const pen = document.getElementById('pen');
const answer = document.getElementById('answer');
const classes = document.getElementById('classes');
const context = canvas.getContext('2d');

/** Paper stays white in the dark, too: the service finds out what is background. */
const PAPER = '#ffffff';
const INK = '#000000';
/** How far an arrow key moves, in pixels of the canvas. */
const STEP = 14;

let key = '';
/** The request on its way; a newer one makes its answer worthless. */
let current;
let last;

function clear() {
  current?.abort();
  context.fillStyle = PAPER;
  context.fillRect(0, 0, canvas.width, canvas.height);
  cursor.down = false;
  classes.replaceChildren();
  say('Nothing drawn yet.');
}

function say(text, loud = false) {
  answer.textContent = text;
  answer.className = loud ? '' : 'quiet';
}

function stroke(from, to) {
  context.strokeStyle = INK;
  context.lineWidth = Number(pen.value);
  context.lineCap = 'round';
  context.beginPath();
  context.moveTo(from.x, from.y);
  context.lineTo(to.x, to.y);
  context.stroke();
}

function placeOf(event) {
  const box = canvas.getBoundingClientRect();
  return {
    x: ((event.clientX - box.left) * canvas.width) / box.width,
    y: ((event.clientY - box.top) * canvas.height) / box.height,
  };
}

let held;
canvas.addEventListener('pointerdown', (event) => {
  if (!event.isPrimary || event.button !== 0) return;
  canvas.setPointerCapture(event.pointerId);
  held = placeOf(event);
  stroke(held, held);
});
canvas.addEventListener('pointermove', (event) => {
  if (!held || !event.isPrimary) return;
  for (const part of event.getCoalescedEvents?.() ?? [event]) {
    const to = placeOf(part);
    stroke(held, to);
    held = to;
  }
});
for (const name of ['pointerup', 'pointercancel']) {
  canvas.addEventListener(name, () => {
    if (!held) return;
    held = undefined;
    classifyDrawing();
  });
}

const cursor = { x: canvas.width / 2, y: canvas.height / 2, down: false };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
canvas.addEventListener('keydown', (event) => {
  const arrow = ARROWS[event.key];
  if (arrow) {
    const to = {
      x: Math.max(0, Math.min(canvas.width, cursor.x + STEP * arrow[0])),
      y: Math.max(0, Math.min(canvas.height, cursor.y + STEP * arrow[1])),
    };
    if (cursor.down) stroke(cursor, to);
    Object.assign(cursor, to);
  } else if (event.key === ' ') {
    cursor.down = !cursor.down;
    if (cursor.down) stroke(cursor, cursor);
    else classifyDrawing();
  } else if (event.key === 'Delete' || event.key === 'Backspace') {
    clear();
  } else {
    return;
  }
  event.preventDefault();
});

async function classifyDrawing() {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
  await classify(blob);
}

/** Shows a chosen picture, and classifies the file itself. */
async function classifyFile(file) {
  if (!file) return;
  clear();
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(canvas.width / picture.width, canvas.height / picture.height);
    const [width, height] = [picture.width * scale, picture.height * scale];
    context.drawImage(picture, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
  } catch {
    return say('This browser cannot read that picture. Convert it to PNG or JPEG.');
  }
  await classify(file);
}

async function classify(blob) {
  last = blob;
  current?.abort();
  const request = new AbortController();
  current = request;
  const slow = setTimeout(() => say('Thinking …'), 300);
  try {
    const response = await fetch('/predict', {
      method: 'POST',
      headers: { 'content-type': blob.type || 'application/octet-stream', ...(key && { 'x-api-key': key }) },
      body: blob,
      signal: request.signal,
    });
    const body = await response.json();
    if (current !== request) return;
    clearTimeout(slow);
    document.getElementById('key-form').hidden = response.status !== 401;
    if (response.ok) show(body);
    else fail(body.error);
  } catch (error) {
    if (error.name !== 'AbortError') fail('The service does not answer. Is it running?');
  } finally {
    clearTimeout(slow);
  }
}

function fail(text) {
  classes.replaceChildren();
  say(text);
}

function show({ model, predictions: [prediction] }) {
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  say(`${prediction.name}, ${percent(prediction.probability)}`, true);
  const rows = Object.entries(prediction.probabilities).sort((a, b) => b[1] - a[1]);
  classes.replaceChildren(
    ...rows.map(([name, share]) => {
      const row = document.createElement('li');
      const bar = document.createElement('progress');
      bar.max = 1;
      bar.value = share;
      bar.setAttribute('aria-hidden', 'true');
      const label = document.createElement('span');
      label.textContent = name;
      const value = document.createElement('span');
      value.className = 'share';
      value.textContent = percent(share);
      row.append(label, bar, value);
      return row;
    }),
  );
  document.getElementById('model').textContent = `Model ${model.name}, version ${model.version}`;
}

const file = document.getElementById('file');
file.addEventListener('change', async () => {
  await classifyFile(file.files[0]);
  // So that choosing the same picture again is a change.
  file.value = '';
});
document.getElementById('clear').addEventListener('click', clear);
canvas.addEventListener('dragover', (event) => {
  event.preventDefault();
  canvas.classList.add('over');
});
canvas.addEventListener('dragleave', () => canvas.classList.remove('over'));
canvas.addEventListener('drop', (event) => {
  event.preventDefault();
  canvas.classList.remove('over');
  void classifyFile(event.dataTransfer.files[0]);
});
document.addEventListener('paste', (event) => void classifyFile(event.clipboardData.files[0]));
document.getElementById('key-form').addEventListener('submit', (event) => {
  event.preventDefault();
  key = document.getElementById('key').value;
  if (last) void classify(last);
});

clear();
