/** Small bad samples for the rule that guards the network. */
import { describe, expect, test } from 'vitest';
import { packageRule } from './tidy-rules.ts';

const complaints = (path: string, text: string): string[] =>
  packageRule([{ path, text }]).map(({ message }) => message);

describe('sockets have one door', () => {
  const bad = [
    'node:net',
    'node:tls',
    'node:http',
    'node:https',
    'node:dgram',
    'node:dns',
    'undici',
  ];

  test.each(bad)('%s is refused to every other file of live', (specifier) => {
    const found = complaints('sim/live/provider.ts', `import thing from '${specifier}';\n`);
    expect(found).toEqual(['sockets are opened in sim/live/loopback.ts']);
  });

  test('a dynamic import and a type are imports, too', () => {
    expect(complaints('sim/cli/up.ts', `const net = await import('node:net');\n`)).toHaveLength(1);
    expect(complaints('sim/cli/up.ts', `import type { Socket } from 'node:net';\n`)).toHaveLength(
      1,
    );
  });

  test('the door itself may, and so may a test', () => {
    const text = `import net from 'node:net';\n`;
    expect(complaints('sim/live/loopback.ts', text)).toEqual([]);
    expect(complaints('sim/live/loopback.test.ts', text)).toEqual([]);
  });

  test('other parts of Node are free in live, and closed below it', () => {
    const text = `import { createHash } from 'node:crypto';\n`;
    expect(complaints('sim/live/signer.ts', text)).toEqual([]);
    expect(complaints('sim/protocol/exchange.ts', text)).toHaveLength(1);
  });
});
