// Shows the worker's report, and posts it to /done for whoever started this browser.
const worker = new Worker('worker.js', { type: 'module' });
const report = document.querySelector('#report');

const done = (text) => {
  report.textContent = text;
  fetch('/done', { method: 'POST', body: text }).catch(() => {});
};
worker.onmessage = ({ data }) => {
  if (data.done) done(JSON.stringify(data.done, null, 2));
  else report.textContent += `\n${data.note}`;
};
worker.onerror = ({ message }) => done(`failed: ${message}`);
worker.postMessage(Object.fromEntries(new URLSearchParams(location.search)));
