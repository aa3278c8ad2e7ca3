// Keccak-256 as its specification has it, slow and plain.
const MASK = (1n << 64n) - 1n;
const rotate = (v, n) => n === 0n ? v : ((v << n) | (v >> (64n - n))) & MASK;

function constants() { // of the 24 rounds, from the shift register of the specification
  const out = [];
  let r = 1;
  for (let round = 0; round < 24; round++) {
    let c = 0n;
    for (let j = 0; j < 7; j++) {
      if (r & 1) c |= 1n << BigInt((1 << j) - 1);
      r = (r << 1) ^ (r & 0x80 ? 0x171 : 0);
    }
    out.push(c);
  }
  return out;
}
const ROUNDS = constants();

function permute(a) { // a[x + 5 * y]
  for (const round of ROUNDS) {
    const c = [0, 1, 2, 3, 4].map((x) => a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20]);
    for (let i = 0; i < 25; i++) a[i] ^= c[(i + 4) % 5] ^ rotate(c[(i + 1) % 5], 1n);
    const b = [...a];
    let [x, y] = [1, 0];
    b[0] = a[0];
    for (let t = 0; t < 24; t++) {
      const to = y + 5 * ((2 * x + 3 * y) % 5);
      b[to] = rotate(a[x + 5 * y], BigInt(((t + 1) * (t + 2) / 2) % 64));
      [x, y] = [y, (2 * x + 3 * y) % 5];
    }
    for (let i = 0; i < 25; i++) {
      const row = i - (i % 5);
      a[i] = b[i] ^ (~b[row + (i + 1) % 5] & MASK & b[row + (i + 2) % 5]);
    }
    a[0] ^= round;
  }
}

export function keccak256(bytes) {
  const RATE = 136;
  const padded = Buffer.alloc(bytes.length + RATE - (bytes.length % RATE));
  Buffer.from(bytes).copy(padded);
  padded[bytes.length] ^= 0x01;
  padded[padded.length - 1] ^= 0x80;
  const a = Array(25).fill(0n);
  for (let at = 0; at < padded.length; at += RATE) {
    for (let i = 0; i < RATE / 8; i++) a[i] ^= padded.readBigUInt64LE(at + 8 * i);
    permute(a);
  }
  const out = Buffer.alloc(32);
  for (let i = 0; i < 4; i++) out.writeBigUInt64LE(a[i], 8 * i);
  return out;
}
