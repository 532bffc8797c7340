/**
 * One node of a central server in trouble: gone, or signing with a key that nobody was told of, so
 * that what it publishes does not verify.
 */
import { assert } from '../../base/assert.ts';
import { TrustState } from '../../protocol/lifecycle.ts';
import type { CentralServer } from '../globalconf/central-server.ts';
import { certifySigningKey } from '../globalconf/signing-keys.ts';
import { makeKeyPair } from '../pki/keys.ts';
import type { CertifiedKey } from '../pki/keys.ts';

const KINDS = ['internal', 'external'] as const;

type Kind = (typeof KINDS)[number];

export class TroubledCentral {
  readonly #node: CentralServer;
  /** The keys that it should sign with; null: it does. */
  #displaced: Readonly<Record<Kind, CertifiedKey>> | null = null;

  constructor(node: CentralServer) {
    this.#node = node;
  }

  /** A TrustState. */
  async become(state: number): Promise<void> {
    if (state === TrustState.Wrong) this.#usurp();
    else this.#restore();
    if (state === TrustState.Down) await this.#node.stop();
    else await this.#node.start();
    if (state === TrustState.Wrong) this.#node.generate();
  }

  #usurp(): void {
    if (this.#displaced !== null) return;
    const { keys } = this.#node;
    const active = keys.activeKeys();
    assert(active !== null, 'a token that is logged out changes no key');
    this.#displaced = active;
    for (const kind of KINDS) {
      const stranger = certifySigningKey(`unknown ${kind}`, makeKeyPair('ec-p256'));
      keys.add(kind, stranger);
      keys.activate(kind, stranger);
    }
  }

  #restore(): void {
    const displaced = this.#displaced;
    if (displaced === null) return;
    this.#displaced = null;
    const { keys } = this.#node;
    const strangers = keys.activeKeys();
    for (const kind of KINDS) {
      keys.activate(kind, displaced[kind]);
      if (strangers !== null) keys.remove(kind, strangers[kind]);
    }
    // Whoever lists its key takes nothing from it before it has signed anew.
    this.#node.generate();
  }
}
