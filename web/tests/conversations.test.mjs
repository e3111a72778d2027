// Conversations without a model: found, renamed, removed, taken out and in again, and harmless whatever they say.
import { ensure, equal } from './lib.mjs';
import { accessible } from './accessible.mjs';
import { photograph } from './photograph.mjs';
import { downloaded, openChat, refused, set, visit } from './chat_page.mjs';

const LIST = 'ul[aria-label=Conversations]';

/** What a model might write to reach out of its answer. */
const HOSTILE = [
  '<img src="http://127.0.0.1:9/seen.png" onerror="window.reached = 1">',
  '<script>window.reached = 1</script>',
  '<iframe src="http://127.0.0.1:9/"></iframe><style>body { display: none }</style>',
  '[link](javascript:window.reached=1) ![picture](http://127.0.0.1:9/picture.png)',
  '<a href="data:text/html,x" onclick="window.reached = 1">a</a><p class="notice" style="position:fixed">p</p>',
  '<a href="?model=http://127.0.0.1:9/x.gguf">a</a> <a href="https:?model=x">a</a> <a href="tel:112">a</a> <a href="https://example.org/" target="_self">a</a>',
].join('\n\n');
const CODE = 'const a = "<b>" && 1;\nconsole.log(a);';

const exported = (...conversations) => {
  const { version } = 'messages' in conversations[0] ? { version: 1 } : conversations.shift();
  const text = JSON.stringify({ format: 'rullama-conversations', version, conversations });
  return { name: 'conversations.json', mimeType: 'application/json', buffer: Buffer.from(text) };
};
const conversation = (title, question, answer) => ({
  title,
  created: '2026-01-02T03:04:05.000Z',
  changed: '2026-01-02T03:04:05.000Z',
  settings: { system: 'Be kind.', thinking: false, sampling: { temperature: 0.5 } },
  messages: [{ role: 'user', content: question }, { role: 'assistant', content: answer, reasoning_content: 'Hm.', ending: 'complete' }],
});

export default {
  async 'they are imported, found, renamed, removed, restored and exported'({ browser, page, server }) {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await openChat(page, server, 'none');
    const titles = () => page.locator(`${LIST} a`).allTextContents();
    const both = exported(conversation('Goats', 'Can a goat fly?', `No.\n\n\`\`\`js\n${CODE}\n\`\`\`\n\n1. one\n2. two`), conversation('Sums', '1 + 1', 'It is **2**.'));
    await page.locator('#import').setInputFiles(both);
    await page.waitForFunction((list) => document.querySelectorAll(`${list} a`).length === 2, LIST);

    await page.locator('input[type=search]').fill('FLY');
    await page.waitForFunction((list) => document.querySelectorAll(`${list} a`).length === 1, LIST);
    equal(await titles(), ['Goats'], 'conversations in which `FLY` was said');
    await page.locator(`${LIST} a`).click();
    await page.locator('.turn.assistant pre').waitFor();
    equal(await page.locator('.turn.assistant pre').textContent(), CODE, 'the code block');
    equal(await page.locator('.turn.assistant li').allTextContents(), ['one', 'two'], 'the list');
    await page.locator('.turn.assistant .copy').click();
    equal(await page.evaluate(() => navigator.clipboard.readText()), CODE, 'the copied code');
    await page.locator('[aria-label="Copy message"]').first().click();
    equal(await page.evaluate(() => navigator.clipboard.readText()), 'Can a goat fly?', 'the copied message');

    await page.locator('[aria-label="Rename Goats"]').click();
    await page.locator('[aria-label=Title]').fill('Animals');
    await page.locator('[aria-label=Title]').press('Enter');
    await page.locator(`${LIST} a`, { hasText: 'Animals' }).waitFor();
    equal(await page.locator('h1').textContent(), 'Animals', 'the heading');
    await page.locator('input[type=search]').fill('');
    await page.locator(`${LIST} a`, { hasText: 'Sums' }).hover();
    await page.locator('[aria-label="Delete Sums"]').click();
    await page.waitForFunction((list) => document.querySelectorAll(`${list} a`).length === 1, LIST);
    await page.locator('.undo button', { hasText: 'Undo' }).click();
    await page.waitForFunction((list) => document.querySelectorAll(`${list} a`).length === 2, LIST);

    await page.locator('#new').click();
    equal(await page.locator('h1').textContent(), 'New chat', 'the heading of a new chat');
    equal(await page.locator('.turn').count(), 0, 'messages of a new chat');
    await page.goBack();
    await page.locator('.turn.assistant pre').waitFor();
    await page.goForward();
    await page.waitForFunction(() => document.querySelectorAll('.turn').length === 0);
    await page.goBack();
    await page.locator('.turn.assistant pre').waitFor();

    const menu = async (label, item) => {
      await page.locator(`summary[aria-label="${label}"]`).click();
      return downloaded(page, () => page.locator('details[open] .panel button', { hasText: item }).click());
    };
    const markdown = await menu('Export this chat', 'Markdown');
    equal(markdown.name, 'Animals.md', 'the name of the file');
    for (const part of ['# Animals', '> Be kind.', '## You\n\nCan a goat fly?', '## Gemma', CODE]) {
      ensure(markdown.text.includes(part), `the Markdown has no \`${part}\`: ${markdown.text}`);
    }
    const all = JSON.parse((await menu('Conversations', 'all as JSON')).text);
    equal(all.conversations.map(({ title }) => title).sort(), ['Animals', 'Sums'], 'exported titles');
    equal(all.conversations.find(({ title }) => title === 'Sums').messages, conversation('Sums', '1 + 1', 'It is **2**.').messages, 'exported messages');

    // What was exported as Markdown comes in beside what is there; the sampling is in the JSON only.
    const asMarkdown = (name, text) => ({ name, mimeType: 'text/markdown', buffer: Buffer.from(text) });
    const everything = await menu('Conversations', 'all as Markdown');
    equal(everything.name, 'rullama conversations.md', 'the name of the file with all');
    await page.locator('#import').setInputFiles(asMarkdown('both.md', everything.text));
    await page.waitForFunction((list) => document.querySelectorAll(`${list} a`).length === 4, LIST);
    equal((await titles()).sort(), ['Animals', 'Animals', 'Sums', 'Sums'], 'titles after the import of Markdown');
    await page.locator(`${LIST} a`, { hasText: 'Animals' }).first().click();
    await page.locator('.turn.assistant pre').waitFor();
    equal((await menu('Export this chat', 'Markdown')).text, markdown.text, 'Markdown of what was imported from Markdown');
    await page.locator('#import').setInputFiles(asMarkdown('notes.md', '# Notes\n'));
    await refused(page, 'BAD_IMPORT', 'notes.md', 'no export');
    await page.locator('[data-code] [aria-label=Dismiss]').click();
    await page.locator('#import').setInputFiles({ name: 'other.json', mimeType: 'application/json', buffer: Buffer.from('{}') });
    await refused(page, 'BAD_IMPORT', 'other.json', 'no export');
    equal(browser.complaints, [], 'console errors');
  },

  async 'versions are walked by keyboard, kept over a reload, and come through an export'({ page, server }) {
    await page.goto(`${server.url}/blank.html`);
    // As the app wrote it before there were versions.
    await page.evaluate(storeOld);
    await openChat(page, server, 'none');
    await page.locator(`${LIST} a`, { hasText: 'Old' }).click();
    await page.locator('.turn').nth(3).waitFor();
    const said = () => page.locator('.turn').evaluateAll((turns) => turns.map((turn) => turn.querySelector('.said, .markdown').textContent.trim()));
    equal(await said(), ['one', 'two', 'three', 'four'], 'a conversation of an older app');

    const [question, answer] = [{ role: 'user', content: 'Can a goat fly?' }, { role: 'assistant', content: 'No.', ending: 'complete', shown: false }];
    const more = [
      { role: 'assistant', content: 'Yes.', ending: 'complete', parent: 0, shown: true },
      { role: 'user', content: 'Why?', parent: 1, shown: true },
      { role: 'assistant', content: 'No wings.', ending: 'complete', parent: 3, shown: true },
    ];
    const versioned = { ...conversation('Goats', '', ''), messages: [question, { ...answer, parent: 0 }, ...more] };
    await page.locator('#import').setInputFiles(exported({ version: 2 }, versioned));
    await page.locator(`${LIST} a`, { hasText: 'Goats' }).click();
    await page.locator('.turn').first().waitFor();
    await page.waitForFunction(() => document.querySelectorAll('.turn').length === 2);
    equal(await said(), ['Can a goat fly?', 'Yes.'], 'what is shown');
    const versions = page.getByRole('group', { name: 'Versions of this answer' });
    ensure((await versions.textContent()).includes('2/2'), `the place among the versions is ${await versions.textContent()}`);
    await accessible(page, 'versions');

    await page.getByRole('button', { name: 'Previous version' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelectorAll('.turn').length === 4);
    equal(await said(), ['Can a goat fly?', 'No.', 'Why?', 'No wings.'], 'the first version, and what followed it');
    // The focus stays, and at the end nothing happens.
    equal(await page.evaluate(() => document.activeElement.ariaLabel), 'Previous version', 'the focus');
    await page.keyboard.press('Enter');
    equal((await said()).length, 4, 'turns after going on at the end');
    await page.reload();
    await page.waitForFunction(() => document.querySelectorAll('.turn').length === 4);
    await page.keyboard.press('Tab');
    await page.getByRole('button', { name: 'Next version' }).press('Space');
    await page.waitForFunction(() => document.querySelectorAll('.turn').length === 2);

    await page.locator('summary[aria-label="Export this chat"]').click();
    const { text } = await downloaded(page, () => page.locator('details[open] .panel button', { hasText: 'JSON' }).click());
    const file = JSON.parse(text);
    equal([file.version, file.conversations[0].messages.length], [2, 5], 'the export');
    await page.locator('#import').setInputFiles({ name: 'again.json', mimeType: 'application/json', buffer: Buffer.from(text) });
    await page.waitForFunction((list) => document.querySelectorAll(`${list} a`).length === 3, LIST);
  },

  async 'what is written and not sent stays with its chat, over other pages and a reload'({ browser, page, server }) {
    await openChat(page, server, 'none');
    await page.locator('#import').setInputFiles(exported(conversation('Plans', 'Where to?', 'North.')));
    const plans = page.locator(`${LIST} a`, { hasText: 'Plans' });
    await plans.waitFor();
    const written = () => page.locator('#message').inputValue();
    const type = (text) => page.locator('#message').fill(text);
    const settings = async () => [await page.locator('#settings #system').inputValue(), await page.locator('#settings #temperature').inputValue()];

    await type('half a question');
    await set(page, { temperature: 0.25, presence_penalty: -0.5, draft_max: 63, system: 'Be brief.', 'stop-strings': 'END\n\\n\\n\n' });
    await visit(page, 'model');
    await page.locator('#url').waitFor();
    await visit(page, 'chat');
    await page.locator('#message').waitFor();
    equal(await written(), 'half a question', 'the draft after another page');
    await plans.click();
    await page.locator('.turn.assistant').waitFor();
    equal(await written(), '', 'the draft of a chat without one');
    equal(await settings(), ['Be kind.', '0.5'], 'settings of another conversation');
    await set(page, { system: 'Be kinder.', temperature: 0.75 });
    await type('and then?');
    const isKept = async () => (await page.evaluate(remembered)).some((name) => name.startsWith('draft '));
    while (!(await isKept())) await page.waitForTimeout(50);
    await page.reload();
    await page.locator('.turn.assistant').waitFor();
    equal(await written(), 'and then?', 'the draft of a conversation after a reload');
    await page.locator('#new').click();
    equal(await written(), 'half a question', 'the draft of the new chat');
    equal(await settings(), ['Be brief.', '0.25'], 'settings of the new chat once those of another were changed');
    await page.reload();
    await page.waitForFunction(() => document.querySelector('#message')?.value !== '');
    equal(await written(), 'half a question', 'the draft of the new chat after a reload');
    await page.locator('#open-settings').click();
    equal(await page.locator('#settings #temperature').inputValue(), '0.25', 'temperature of the new chat after a reload');
    equal(await page.locator('#settings #presence_penalty').inputValue(), '-0.5', 'presence penalty of the new chat after a reload');
    equal(await page.locator('#settings #draft_max').inputValue(), '63', 'guesses at once of the new chat after a reload');
    equal(await page.locator('#settings #stop-strings').inputValue(), 'END\n\\n\\n', 'stop strings of the new chat after a reload');
    equal(await page.locator('#settings #system').inputValue(), 'Be brief.', 'instructions of the new chat after a reload');
    await page.locator('#settings [aria-label=Close]').click();

    await plans.click();
    await page.locator('.turn.assistant').waitFor();
    equal(await written(), 'and then?', 'each chat has its own');
    equal(await settings(), ['Be kinder.', '0.75'], 'each chat has its own settings');
    await page.locator('[aria-label="Delete Plans"]').click();
    await page.waitForFunction(() => document.querySelectorAll('.turn').length === 0);
    equal(await written(), 'half a question', 'what is open after a deletion');
    const kept = await page.evaluate(remembered);
    equal(kept.filter((name) => name.startsWith('draft ')), [], 'drafts of chats that are gone');
    equal(browser.complaints, [], 'console errors');
  },

  async 'what opens over the page can be used by everybody, and on a phone of 360 pixels'({ page, server }) {
    await openChat(page, server, 'none');
    await page.locator('#import').setInputFiles(exported(conversation('Ducks', 'Can a duck fly?', 'Yes.')));
    await page.locator(`${LIST} a`, { hasText: 'Ducks' }).click();
    await page.locator('.turn.assistant').waitFor();
    for (const menu of ['Conversations', 'Export this chat']) {
      await page.locator(`summary[aria-label="${menu}"]`).click();
      await accessible(page, `the menu ${menu}`);
      await page.keyboard.press('Escape');
    }
    await page.locator('[aria-label="Edit message"]').click();
    await page.locator('[aria-label="Edited message"]').waitFor();
    await accessible(page, 'a question being edited');
    await page.locator('[aria-label="Edited message"]').press('Escape');
    await page.locator('#import').setInputFiles({ name: 'other.json', mimeType: 'application/json', buffer: Buffer.from('{}') });
    await refused(page, 'BAD_IMPORT');
    await accessible(page, 'a refused import');
    await page.locator('[data-code] [aria-label=Dismiss]').click();

    await page.locator('#open-settings').click();
    await accessible(page, 'the settings');
    await photograph(page, 'settings');
    await page.setViewportSize({ width: 360, height: 740 });
    await fits(page, '#settings');
    await page.locator('#settings [aria-label=Close]').click();
    await page.locator('#open-menu').click();
    await accessible(page, 'the drawer');
    await fits(page, 'dialog.side');
    await page.locator('dialog.side summary[aria-label="Conversations"]').click();
    await accessible(page, 'the menu in the drawer');
    await fits(page, 'dialog.side');

    // Second thoughts are offered where the first were had, also about the conversation that is open.
    await page.locator('dialog.side').click({ position: { x: 30, y: 600 } });
    equal(await page.locator('details[open]').count(), 0, 'menus that are open after a click elsewhere');
    await page.locator('dialog.side [aria-label="Delete Ducks"]').click();
    await page.locator('dialog.side .undo button', { hasText: 'Undo' }).click();
    await page.locator(`dialog.side ${LIST} a`, { hasText: 'Ducks' }).click();
    await page.locator('.turn.assistant').waitFor();
    ensure(!(await page.locator('dialog.side').isVisible()), 'the drawer lies over what was chosen in it');
  },

  async 'text has its own direction, and paper has all of it'({ page, server }) {
    await openChat(page, server, 'none');
    const paragraphs = Array.from({ length: 60 }, (_, n) => `Paragraph ${n}.`).join('\n\n');
    await page.locator('#import').setInputFiles(exported(conversation('Mixed', 'מה שלומך?', `* טוב\n\n${paragraphs}`)));
    await page.locator(`${LIST} a`, { hasText: 'Mixed' }).click();
    await page.locator('.turn.assistant li').waitFor();
    const directions = ['.said', '.markdown li', '.markdown p'].map((of) => page.locator(of).first().evaluate((node) => getComputedStyle(node).direction));
    equal(await Promise.all(directions), ['rtl', 'rtl', 'ltr'], 'directions of a question and an answer');

    await page.emulateMedia({ media: 'print' });
    const { ends, page: whole } = await page.evaluate(() => ({
      ends: document.querySelector('.markdown').getBoundingClientRect().bottom + scrollY,
      page: document.documentElement.scrollHeight,
    }));
    ensure(ends > page.viewportSize().height && ends <= whole, `the answer ends at ${ends} of ${whole} pixels`);
    ensure(!(await page.locator('#message').isVisible()), 'the message field is printed');
    await page.emulateMedia({ media: null });

    await page.emulateMedia({ forcedColors: 'active' });
    await page.locator('#message').focus();
    equal(await page.locator('.box').evaluate((box) => getComputedStyle(box).outlineStyle), 'solid', 'the mark of the focus in high contrast');
  },

  async 'nothing that a model writes reaches out of its answer'({ page, server }) {
    const asked = [];
    page.on('request', (request) => asked.push(request.url()));
    await openChat(page, server, 'none');
    await page.locator('#import').setInputFiles(exported(conversation('Hostile', HOSTILE, HOSTILE)));
    await page.locator(`${LIST} a`, { hasText: 'Hostile' }).click();
    await page.locator('.turn.assistant .markdown a').first().waitFor();
    const seen = await page.locator('.turn.assistant .markdown').evaluate((answer) => ({
      tags: [...new Set([...answer.querySelectorAll(':scope > div *')].map(({ localName }) => localName))].sort(),
      attributes: [...new Set([...answer.querySelectorAll(':scope > div *')].flatMap((node) => node.getAttributeNames()))].sort(),
      links: [...answer.querySelectorAll('a')].map((link) => link.getAttribute('href')),
      tabs: [...answer.querySelectorAll('a[href]')].map(({ target, rel }) => `${target} ${rel}`),
      reached: window.reached,
    }));
    equal(seen.tags, ['a', 'p'], 'elements');
    equal(seen.attributes, ['href', 'rel', 'target'], 'attributes');
    equal(seen.links, ['http://127.0.0.1:9/picture.png', null, null, null, null, 'https://example.org/'], 'links');
    equal(seen.tabs, Array(2).fill('_blank noopener noreferrer'), 'how links open');
    equal(seen.reached, undefined, 'what a script would have set');
    equal(await page.locator('.turn.user .said').textContent(), HOSTILE, 'what the user wrote, as it is');
    equal(asked.filter((url) => !url.startsWith(server.url) && !url.startsWith('blob:')), [], 'requests to other hosts');
  },

  async 'a full storage is said, and the conversation goes on'({ page, server }) {
    // Another origin than in the tests above: Chromium remembers for a while how much room there was.
    const origin = server.url.replace('127.0.0.1', 'localhost');
    await openChat(page, server, 'none', { origin });
    const session = await page.context().newCDPSession(page);
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 });
    try {
      await page.locator('#import').setInputFiles(exported(conversation('Large', 'x'.repeat(4_000_000), 'y')));
      await refused(page, 'STORAGE_FULL', 'Delete conversations');
    } finally {
      await session.send('Storage.overrideQuotaForOrigin', { origin });
    }
    await page.locator('[data-code] [aria-label=Dismiss]').click();
    await page.locator('#import').setInputFiles(exported(conversation('Small', 'x', 'y')));
    await page.locator(`${LIST} a`, { hasText: 'Small' }).waitFor();
  },
};

/** Nothing of a dialog lies beside it, and nothing of the page beside the screen. */
async function fits(page, dialog) {
  const { over, beside } = await page.locator(dialog).evaluate((box) => ({
    over: Math.max(document.documentElement.scrollWidth - innerWidth, box.scrollWidth - box.clientWidth),
    beside: [...box.querySelectorAll('button, input, textarea, a')]
      .map((node) => [node.id || node.textContent.trim() || node.ariaLabel, node.getBoundingClientRect()])
      .filter(([, { left, right, width }]) => width > 0 && (left < 0 || right > innerWidth))
      .map(([name]) => name),
  }));
  equal([Math.max(over, 0), beside], [0, []], `what lies beside ${dialog}`);
}

/** Runs in the page: a conversation in the first form of the database, and no other. */
async function storeOld() {
  await new Promise((resolve) => (indexedDB.deleteDatabase('rullama').onsuccess = resolve));
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open('rullama', 1);
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore('conversations', { keyPath: 'id' });
      const turns = opening.result.createObjectStore('turns', { keyPath: 'id' });
      turns.createIndex('conversation', ['conversation', 'order']);
      opening.result.createObjectStore('remembered');
    };
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const transaction = opening.result.transaction(['conversations', 'turns'], 'readwrite');
      const settings = { system: '', thinking: false, sampling: {} };
      transaction.objectStore('conversations').put({ id: 'old', title: 'Old', created: 1, changed: 1, settings });
      for (const [order, text] of ['one', 'two', 'three', 'four'].entries()) {
        // Ids that sort otherwise than the turns.
        const turn = { id: `${9 - order}`, conversation: 'old', order, role: order % 2 ? 'assistant' : 'user' };
        transaction.objectStore('turns').put({ ...turn, text, thoughts: '', ending: 'complete', figures: null });
      }
      transaction.oncomplete = () => (opening.result.close(), resolve());
    };
  });
}

/** Runs in the page: names of the single values that are stored. */
function remembered() {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open('rullama');
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const names = opening.result.transaction('remembered').objectStore('remembered').getAllKeys();
      names.onsuccess = () => (opening.result.close(), resolve(names.result));
    };
  });
}
