// Solves a puzzle (services/accounts/puzzles.py): for each part a number whose SHA-256 with the seed begins with zero bits.
// A classic worker without imports, so that old phones run it too.
'use strict';

const K = new Int32Array(64);
const START = new Int32Array(8);
(function constants() {
  const fraction = (root) => ((root - Math.floor(root)) * 0x100000000) | 0;
  for (let n = 2, primes = 0; primes < 64; n++) {
    let prime = true;
    for (let i = 2; i * i <= n; i++) if (n % i === 0) prime = false;
    if (!prime) continue;
    if (primes < 8) START[primes] = fraction(Math.sqrt(n));
    K[primes++] = fraction(Math.cbrt(n));
  }
})();

const W = new Int32Array(64);
const H = new Int32Array(8);

function block() {
  for (let i = 16; i < 64; i++) {
    const x = W[i - 15], y = W[i - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    W[i] = (W[i - 16] + s0 + W[i - 7] + s1) | 0;
  }
  let a = H[0], b = H[1], c = H[2], d = H[3], e = H[4], f = H[5], g = H[6], h = H[7];
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
  }
  H[0] = (H[0] + a) | 0; H[1] = (H[1] + b) | 0; H[2] = (H[2] + c) | 0; H[3] = (H[3] + d) | 0;
  H[4] = (H[4] + e) | 0; H[5] = (H[5] + f) | 0; H[6] = (H[6] + g) | 0; H[7] = (H[7] + h) | 0;
}

/** SHA-256 of ASCII text, into H. */
function hash(text) {
  H.set(START);
  const length = text.length, blocks = (length + 72) >> 6;
  for (let n = 0; n < blocks; n++) {
    W.fill(0, 0, 16);
    for (let i = 0; i < 64; i++) {
      const at = n * 64 + i;
      const byte = at < length ? text.charCodeAt(at) : at === length ? 0x80 : 0;
      W[i >> 2] |= byte << (24 - 8 * (i & 3));
    }
    if (n === blocks - 1) W[15] = length * 8;
    block();
  }
}

onmessage = ({ data: { token, bits, parts } }) => {
  hash(token);
  const seed = Array.from(H.subarray(0, 4), (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  const numbers = [];
  for (let part = 0; part < parts; part++) {
    let number = -1;
    do hash(`${seed}:${part}:${++number}`); while (H[0] >>> (32 - bits));
    numbers.push(number);
  }
  postMessage(`${token}.${numbers.join('-')}`);
};
