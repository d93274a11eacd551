const worker = new Worker(new URL('training.js', import.meta.url), { type: 'module' });

// Each message names an element of the page and its new text.
worker.onmessage = ({ data: [id, text] }) => {
  document.getElementById(id).textContent = text;
};
