// Judges records with the browser's own check, many in a row: a question a line on stdin, an answer a line on stdout.
//
// {"original": record}: what the questions after it differ from; {"text": base64, "receipts"}: a file as it came;
// {"keep", "log", "head", "lists"?, "receipts"}: the original's first entries, then others.
// The rules are the product's; only SHA-256 comes from Node.js, whose WebCrypto takes ten times as long for so few bytes.
import * as nodeCrypto from 'node:crypto';
import { createInterface } from 'node:readline';

const { createHash, createHmac, hash } = nodeCrypto; // hash: since 20.12
const { folder } = Object.fromEntries(process.argv.slice(2).map((part) => part.split('=')));
const exact = (made) => made.buffer.slice(made.byteOffset, made.byteOffset + made.length);
const oneShot = hash ? (data) => hash('sha256', data, 'buffer') : (data) => createHash('sha256').update(data).digest();
const subtle = {
  digest: (_, data) => exact(oneShot(data)),
  importKey: (_, key) => key,
  sign: (_, key, data) => exact(createHmac('sha256', key).update(data).digest()),
};
Object.defineProperty(globalThis, 'crypto', { value: { subtle } });
const { verify } = await import(`${folder}/record_check.js`);
const { parseFile } = await import(`${folder}/record_bytes.js`);

async function judge(record, receipts) {
  const { findings } = await verify(record, receipts);
  return findings.map(({ severity, code, entry }) => [severity, code, entry]);
}

async function judgeFile({ text, receipts }) {
  try {
    return await judge(parseFile(Buffer.from(text, 'base64')), receipts);
  } catch (error) {
    if (error instanceof SyntaxError) return 'unreadable';
    throw error;
  }
}

const answers = [];
let original;
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  if (asked.original) original = asked.original;
  else {
    const { keep, log, head, lists = original.lists, receipts } = asked;
    const answer = asked.text === undefined
      ? await judge({ ...original, head, lists, log: [...original.log.slice(0, keep), ...log] }, receipts)
      : await judgeFile(asked);
    answers.push(JSON.stringify(answer));
  }
}
process.stdout.write(answers.map((answer) => `${answer}\n`).join(''));
