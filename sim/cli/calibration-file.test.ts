import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readCalibration } from './calibration-file.ts';
import { calibrationNames, CALIBRATIONS } from './repository.ts';
import { UserError } from './user-error.ts';

const folder = mkdtempSync(join(tmpdir(), 'fedlab-calibration-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'mine.calibration.json');
const zero = readFileSync(join(CALIBRATIONS, 'zero.calibration.json'), 'utf8');

test.each(calibrationNames())(
  'the committed calibration %s is whole, and named as its file',
  (name) => {
    const { calibration, sha256 } = readCalibration(name);
    expect(calibration.name).toBe(name);
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  },
);

test('a file of the same bytes has the same hash', () => {
  writeFileSync(path, zero);
  expect(readCalibration(path)).toEqual(readCalibration('zero'));
});

test.each([
  ['not JSON', '{', /not JSON/],
  ['something else', '[]', /expected an object/],
  ['a cost is missing', zero.replace('"handshakeServer"', '"handshake"'), /handshakeServer/],
  ['a negative time', zero.replace('"value": 0', '"value": -1'), /rsa-2048\.parse\.cpu\.value/],
  [
    'an unknown distribution',
    zero.replace('"constant"', '"normal"'),
    /kind: expected "constant" or/,
  ],
])('%s is told with its place', (_, text, message) => {
  writeFileSync(path, text);
  expect(() => readCalibration(path)).toThrow(UserError);
  expect(() => readCalibration(path)).toThrow(message);
});

test('a name that is not there, nearly', () => {
  expect(() => readCalibration('zeor')).toThrow('did you mean "zero"?');
  expect(() => readCalibration(join(folder, 'none.json'))).toThrow('no such file');
});
