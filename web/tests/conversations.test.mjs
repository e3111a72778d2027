// Conversations without a model: found, renamed, removed, taken out and in again, and harmless whatever they say.
import { ensure, equal } from './lib.mjs';
import { downloaded, openChat, refused } from './chat_page.mjs';

const LIST = 'ul[aria-label=Conversations]';

/** What a model might write to reach out of its answer. */
const HOSTILE = [
  '<img src="http://127.0.0.1:9/seen.png" onerror="window.reached = 1">',
  '<script>window.reached = 1</script>',
  '<iframe src="http://127.0.0.1:9/"></iframe><style>body { display: none }</style>',
  '[link](javascript:window.reached=1) ![picture](http://127.0.0.1:9/picture.png)',
  '<a href="data:text/html,x" onclick="window.reached = 1">a</a><p class="notice" style="position:fixed">p</p>',
].join('\n\n');
const CODE = 'const a = "<b>" && 1;\nconsole.log(a);';

const exported = (...conversations) => ({
  name: 'conversations.json',
  mimeType: 'application/json',
  buffer: Buffer.from(JSON.stringify({ format: 'rullama-conversations', version: 1, conversations })),
});
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

    const menu = async (label, item) => {
      await page.locator(`summary[aria-label="${label}"]`).click();
      return downloaded(page, () => page.locator('.panel button', { hasText: item }).click());
    };
    const markdown = await menu('Export this chat', 'Markdown');
    equal(markdown.name, 'Animals.md', 'the name of the file');
    for (const part of ['# Animals', '> Be kind.', '## You\n\nCan a goat fly?', '## Gemma', CODE]) {
      ensure(markdown.text.includes(part), `the Markdown has no \`${part}\`: ${markdown.text}`);
    }
    const all = JSON.parse((await menu('Conversations', 'Export all')).text);
    equal(all.conversations.map(({ title }) => title).sort(), ['Animals', 'Sums'], 'exported titles');
    equal(all.conversations.find(({ title }) => title === 'Sums').messages, conversation('Sums', '1 + 1', 'It is **2**.').messages, 'exported messages');

    await page.locator('#import').setInputFiles({ name: 'other.json', mimeType: 'application/json', buffer: Buffer.from('{}') });
    await refused(page, 'BAD_IMPORT', 'other.json', 'no export');
    equal(browser.complaints, [], 'console errors');
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
      reached: window.reached,
    }));
    equal(seen.tags, ['a', 'p'], 'elements');
    equal(seen.attributes, ['href', 'rel', 'target'], 'attributes');
    equal(seen.links, ['http://127.0.0.1:9/picture.png', null], 'links');
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
