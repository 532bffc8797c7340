/**
 * A running hash of numbers, 64 bits in two words: what two equal runs share. Not for secrets.
 * Each word is a multiply-and-rotate chain with its own constants (in the manner of MurmurHash3).
 */
const scratch = new DataView(new ArrayBuffer(8));

export class RunningHash {
  #a: number;
  #b: number;

  constructor(salt = 0) {
    this.#a = 0x9e3779b9 ^ salt;
    this.#b = 0x85ebca6b ^ salt;
  }

  /** Adds a 32-bit integer. */
  addInt(value: number): void {
    let a = this.#a ^ Math.imul(value, 0xcc9e2d51);
    a = (a << 13) | (a >>> 19);
    this.#a = (Math.imul(a, 5) + 0xe6546b64) | 0;
    let b = this.#b ^ Math.imul(value ^ this.#a, 0x1b873593);
    b = (b << 17) | (b >>> 15);
    this.#b = (Math.imul(b, 5) + 0x561ccd1b) | 0;
  }

  /** Adds a whole number up to 2^53, such as a time. */
  addWhole(value: number): void {
    this.addInt(value | 0);
    this.addInt(Math.floor(value / 2 ** 32) | 0);
  }

  addText(text: string): void {
    for (let at = 0; at < text.length; at++) this.addInt(text.charCodeAt(at));
    this.addInt(text.length);
  }

  /** 16 hexadecimal digits. */
  toString(): string {
    scratch.setInt32(0, finish(this.#a ^ (this.#b >>> 7)));
    scratch.setInt32(4, finish(this.#b ^ Math.imul(this.#a, 0x2545f491)));
    return scratch.getBigUint64(0).toString(16).padStart(16, '0');
  }
}

function finish(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
