import { PatchColumn } from '../plan/plan.ts';
import { amount, partsOf, patch, toggle } from './incident.ts';
import type { IncidentKind, PatchSpec } from './incident.ts';

/** A day: more is a cut. */
const DELAY_US_MAX = 86_400e6;

export const linkSlow: IncidentKind = {
  kind: 'link-slow',
  title: 'A link is slow',
  prose:
    'Each message needs longer: a rerouted cable, a full line. Without connection reuse a call ' +
    'pays the delay several times, for TCP, TLS and the message itself.',
  isAttack: false,
  needsTrust: false,
  target: 'link',
  targetProse: 'links, `EE->FI` or `EE<->FI`, or all links of a server, `EE/ss1`',
  workflow: 'parallel',
  settings: [
    toggle('oneWay', false, 'only the first direction of the target is slow'),
    amount('extraDelay', 'us', 0, 0, DELAY_US_MAX, 'added to the delay of each direction'),
    amount('extraJitter', 'us', 0, 0, DELAY_US_MAX, 'mean of an exponential addition to it'),
    amount('bandwidth', 'bytes-per-us', Infinity, 1e-6, Infinity, 'what the line still carries'),
  ],
  compile: ({ target, settings, report }) => {
    const delayUs = Number(settings['extraDelay']);
    const jitterUs = Number(settings['extraJitter']);
    const bandwidth = Number(settings['bandwidth']);
    const patches: PatchSpec[] = [];
    for (const row of target.rows) {
      if (delayUs > 0) patches.push(patch(PatchColumn.LinkExtraDelayUs, row, delayUs));
      if (jitterUs > 0) patches.push(patch(PatchColumn.LinkExtraJitterUs, row, jitterUs));
      if (bandwidth < Infinity) patches.push(patch(PatchColumn.LinkBandwidth, row, bandwidth));
    }
    if (delayUs === 0 && jitterUs === 0 && bandwidth === Infinity) {
      report([], 'missing-value', 'link-slow changes nothing', 'give it an extraDelay, say 20ms');
    }
    return partsOf(patches);
  },
};
