// Judges records with the browser's own check, many in a row: a question a line on stdin, an answer a line on stdout.
//
// {"original": record, "receipts"}: what the questions after it differ from; {"keep", "log", "head", "lists"?}: the original's
// first entries, then others. {"text": base64, "receipts"}: a file as it came. {"record", "beside"}: a record and those
// of earlier activities. {"record", "words"}: what it says in plain words.
// The rules are the product's; SHA-256 and UTF-8 come from Node.js itself: its WebCrypto takes ten times as long for so few bytes.
import * as nodeCrypto from 'node:crypto';
import { createInterface } from 'node:readline';

const { createHash, createHmac, hash } = nodeCrypto; // hash: since 20.12
const { folder } = Object.fromEntries(process.argv.slice(2).map((part) => part.split('=')));
const oneShot = hash ? (data) => hash('sha256', data, 'buffer') : (data) => createHash('sha256').update(data).digest();
const subtle = {
  digest: (_, data) => oneShot(data),
  importKey: (_, key) => key,
  sign: (_, key, data) => createHmac('sha256', key).update(data).digest(),
};
Object.defineProperty(globalThis, 'crypto', { value: { subtle } });
globalThis.TextEncoder = class { encode(text) { return Buffer.from(text); } };
Error.stackTraceLimit = 0; // a check throws once a record
const { compare, verify } = await import(`${folder}/record_check.js`);
const { parseFile } = await import(`${folder}/record_bytes.js`);
const { story } = await import(`${folder}/record_story.js`);

const plain = (findings) => findings.map(({ severity, code, entry }) => [severity, code, entry]);

async function judge(record, receipts) {
  return plain((await verify(record, receipts)).findings);
}

async function judgeFile({ text, receipts }) {
  try {
    return await judge(parseFile(Buffer.from(text, 'base64')), receipts);
  } catch (error) {
    if (error instanceof SyntaxError) return 'unreadable';
    throw error;
  }
}

async function answer(asked) {
  if (asked.text !== undefined) return judgeFile(asked);
  if (asked.words) return story(asked.record, asked.words);
  if (asked.beside) return plain(await compare(await verify(asked.record), asked.beside));
  const { keep, log, head, lists = original.lists } = asked;
  return judge({ ...original, head, lists, log: [...original.log.slice(0, keep), ...log] }, kept);
}

const answers = [];
let [original, kept] = [];
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  if (asked.original) [original, kept] = [asked.original, asked.receipts];
  else answers.push(JSON.stringify(await answer(asked)));
}
process.stdout.write(answers.map((one) => `${one}\n`).join(''));
