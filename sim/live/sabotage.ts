/**
 * What a scenario says is wrong with a message, done on purpose: the defects of
 * protocol/condition.ts that no sound server or information system would make. They are looked up
 * by X-Road-Id, so that one network carries sound and broken messages at the same time.
 */
export type DefectName =
  | 'not-post'
  | 'broken-multipart'
  | 'no-message-part'
  | 'no-signature'
  | 'tampered'
  | 'wrong-signer'
  | 'response-without-signature'
  | 'response-without-part'
  | 'response-tampered'
  | 'response-inconsistent';

export class Sabotage {
  readonly #defects = new Map<string, ReadonlySet<string>>();

  plan(messageId: string, defects: readonly string[]): void {
    if (defects.length > 0) this.#defects.set(messageId, new Set(defects));
  }

  forget(messageId: string): void {
    this.#defects.delete(messageId);
  }

  has(messageId: string, defect: DefectName): boolean {
    return this.#defects.get(messageId)?.has(defect) ?? false;
  }
}

/** A part that was changed on its way: one bit of its first byte. */
export function tamper(chunk: Uint8Array): Buffer {
  const changed = Buffer.from(chunk);
  if (changed.length > 0) changed[0] ^= 1;
  return changed;
}
