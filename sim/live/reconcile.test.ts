import { expect, test } from 'vitest';
import { reconcileLogs } from './reconcile.ts';
import type { LoggedMessage } from './reconcile.ts';

function logged(messageId: string, changes: Partial<LoggedMessage> = {}): LoggedMessage {
  return {
    messageId,
    isResponse: false,
    message: `message ${messageId}`,
    attachments: [Buffer.from('body')],
    signature: `<s>${messageId}<q:Unsigned></q:Unsigned></s>`,
    hashChainResult: null,
    hashChain: null,
    ...changes,
  };
}

const STAMP = '<x:SignatureTimeStamp><x:E>QUJD</x:E></x:SignatureTimeStamp>';

test('the same messages in another order reconcile, however each side has stamped them', () => {
  const response = logged('a', { isResponse: true, message: 'answer' });
  const { signature } = logged('b');
  const stamped = signature.replace('<q:Unsigned>', `<q:Unsigned>${STAMP}`);
  expect(stamped).not.toBe(signature);
  const consumer = [logged('a'), response, logged('b', { signature: stamped })];
  const provider = [logged('b'), logged('a'), response];
  expect(reconcileLogs(consumer, provider)).toEqual({
    matchedCount: 3,
    missing: [],
    differing: [],
    repeated: [],
  });
});

test('what is missing is said, and where', () => {
  const response = logged('a', { isResponse: true });
  const { matchedCount, missing } = reconcileLogs(
    [logged('a'), logged('b')],
    [logged('a'), response],
  );
  expect(matchedCount).toBe(1);
  expect(missing).toEqual([
    { messageId: 'b', isResponse: false, missingAt: 'provider' },
    { messageId: 'a', isResponse: true, missingAt: 'consumer' },
  ]);
});

test.each<[string, Partial<LoggedMessage>]>([
  ['message', { message: 'another' }],
  ['attachments', { attachments: [Buffer.from('bodY')] }],
  ['attachments', { attachments: [] }],
  ['signature', { signature: '<s>forged</s>' }],
  ['hash chain', { hashChain: '<chain/>' }],
  ['hash chain', { hashChainResult: '<result/>' }],
])('another %s is a difference', (what, changes) => {
  expect(reconcileLogs([logged('a')], [logged('a', changes)])).toMatchObject({
    matchedCount: 0,
    missing: [],
    differing: [{ messageId: 'a', isResponse: false, what: [what] }],
  });
});

test('a replay stands once more in one log, and is counted as such', () => {
  const found = reconcileLogs([logged('a')], [logged('a'), logged('a'), logged('a')]);
  expect(found).toMatchObject({ matchedCount: 1, missing: [], differing: [] });
  expect(found.repeated).toEqual([{ messageId: 'a', isResponse: false, at: 'provider', times: 3 }]);
});

test('a second message under a used id is one too many, not a repetition', () => {
  const other = logged('a', { message: 'another' });
  const found = reconcileLogs([logged('a')], [logged('a'), other]);
  expect(found).toMatchObject({ matchedCount: 1, differing: [], repeated: [] });
  expect(found.missing).toEqual([{ messageId: 'a', isResponse: false, missingAt: 'consumer' }]);
});
