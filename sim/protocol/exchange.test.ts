import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchesGolden } from '../testing/golden.ts';
import { Effect, EFFECTS } from './effect.ts';
import { clientSource, serverSource } from './exchange-source.ts';
import {
  advanceClientLeg,
  advanceServerLeg,
  ALL_FACTS,
  CLIENT_HOLDS,
  CLIENT_READS,
  clientNeeds,
  ClientStage,
  effectOf,
  Fact,
  faultOfTransition,
  Hold,
  Input,
  inputOf,
  SERVER_HOLDS,
  SERVER_READS,
  serverNeeds,
  ServerStage,
  stageOf,
} from './exchange.ts';
import { Cause, faultOf, findFault, Prefix } from './fault.ts';

type Source = (stage: number, input: number) => string | null;

interface Leg {
  readonly name: string;
  readonly stages: Readonly<Record<string, number>>;
  readonly closed: number;
  readonly advance: (stage: number, input: number, facts: number) => number;
  readonly needs: (stage: number, input: number) => number;
  readonly holds: readonly number[];
  readonly reads: readonly number[];
  readonly source: Source;
  /** What a driver may report as the reason of a failed effect, by stage. */
  readonly causes: Readonly<Record<string, readonly (keyof typeof Cause)[]>>;
}

const LEGS: readonly Leg[] = [
  {
    name: 'client',
    stages: ClientStage,
    closed: ClientStage.Closed,
    advance: advanceClientLeg,
    needs: clientNeeds,
    holds: CLIENT_HOLDS,
    reads: CLIENT_READS,
    source: clientSource as Source,
    causes: {
      Accepted: ['InvalidXml', 'MissingHeaderField'],
      Admitted: ['NetworkError', 'IoError', 'SslAuthenticationFailed'],
      Streamed: ['CannotSign', 'SignerNetworkError'],
      Signed: ['DatabaseError'],
      Received: ['InvalidSignatureValue', 'IncorrectValidationInfo'],
      Verified: ['DatabaseError'],
    },
  },
  {
    name: 'server',
    stages: ServerStage,
    closed: ServerStage.Closed,
    advance: advanceServerLeg,
    needs: serverNeeds,
    holds: SERVER_HOLDS,
    reads: SERVER_READS,
    source: serverSource as Source,
    causes: {
      Received: ['InvalidSignatureValue', 'IncorrectCertificate'],
      Verified: ['DatabaseError'],
      Recorded: ['NetworkError', 'UnknownHost', 'SslAuthenticationFailed'],
      Streamed: ['CannotSign', 'SignerNetworkError'],
      Signed: ['DatabaseError'],
    },
  },
];

const RELAYED = faultOf(Prefix.ServerProxy, Cause.AccessDenied);
const FACTS = Object.entries(Fact);

const nameIn = (table: Readonly<Record<string, number>>, value: number): string =>
  Object.keys(table).find((name) => table[name] === value) ?? `${value}?`;

interface Question {
  readonly label: string;
  readonly kind: number;
  readonly input: number;
}

/** Every input of a stage, with causes that can come there. */
function inputsOf(leg: Leg, stageName: string): Question[] {
  return Object.entries(Input).flatMap(([name, kind]): Question[] => {
    if (kind === Input.FaultPart) {
      const label = `${name}(${findFault(RELAYED)?.code})`;
      return [{ label, kind, input: inputOf(kind, RELAYED) }];
    }
    if (kind !== Input.Failed) return [{ label: name, kind, input: inputOf(kind, Cause.None) }];
    return (leg.causes[stageName] ?? ['IoError']).map((cause) => {
      return { label: `${name}(${cause})`, kind, input: inputOf(kind, Cause[cause]) };
    });
  });
}

function describeTransition(leg: Leg, transition: number): string {
  const fault = faultOfTransition(transition);
  const code = fault === 0 ? '' : ` (${findFault(fault)?.code ?? `unregistered ${fault}`})`;
  const effect = EFFECTS[effectOf(transition)].name;
  return `${nameIn(leg.stages, stageOf(transition))}, ${effect}${code}`;
}

/** The answers that one missing fact changes; of SOAP, what is not the same as of REST. */
function describeRule(leg: Leg, stage: number, input: number): string[] {
  const lines: string[] = [];
  const ask = (facts: number): number => leg.advance(stage, input, facts);
  const say = (label: string, answer: number): void => {
    lines.push(`      ${label} -> ${describeTransition(leg, answer)}`);
  };
  const [rest, soap] = [ALL_FACTS, ALL_FACTS & ~Fact.IsRest];
  for (const [name, fact] of FACTS) {
    if (ask(rest & ~fact) !== ask(rest) && fact !== Fact.IsRest) {
      say(`without ${name}`, ask(rest & ~fact));
    }
  }
  if (ask(soap) !== ask(rest)) say('SOAP', ask(soap));
  for (const [name, fact] of FACTS) {
    const changes = ask(rest & ~fact) !== ask(rest) || ask(soap & ~fact) !== ask(soap);
    if (changes && ask(soap & ~fact) !== ask(rest & ~fact) && fact !== Fact.IsRest) {
      say(`SOAP without ${name}`, ask(soap & ~fact));
    }
  }
  return lines;
}

function describeLeg(leg: Leg): string[] {
  const lines = [`${leg.name} leg`, ''];
  for (const [stageName, stage] of Object.entries(leg.stages)) {
    const held = Object.entries(Hold).filter(([, bit]) => (leg.holds[stage] & bit) !== 0);
    const read = Object.entries(Input).filter(([, kind]) => (leg.reads[stage] & (1 << kind)) !== 0);
    const list = (rows: [string, number][]): string => rows.map(([name]) => name).join(' ') || '-';
    lines.push(`${stageName}  holds: ${list(held)}  reads: ${list(read)}`);
    const never = new Map<string, string[]>();
    for (const { label, kind, input } of inputsOf(leg, stageName)) {
      const usual = describeTransition(leg, leg.advance(stage, input, ALL_FACTS));
      const source = leg.source(stage, kind);
      if (source === null) never.set(usual, [...(never.get(usual) ?? []), label]);
      else lines.push(`  ${label} -> ${usual}`, `    [${source}]`);
      if (source !== null) lines.push(...describeRule(leg, stage, input));
    }
    for (const [usual, labels] of never) lines.push(`  never: ${labels.join(' ')} -> ${usual}`);
    lines.push('');
  }
  return lines;
}

/** All facts, and all but one or two of those that a rule needs. */
function factsAround(needs: number): number[] {
  const bits = FACTS.map(([, fact]) => fact).filter((fact) => (needs & fact) !== 0);
  const one = bits.map((bit) => ALL_FACTS & ~bit);
  const two = bits.flatMap((bit) => bits.map((other) => ALL_FACTS & ~bit & ~other));
  return [...new Set([ALL_FACTS, ...one, ...two])];
}

// Goal: the whole protocol on one page; a changed rule is a changed line in review.
// Method: ask every question, and print those answers that a missing fact changes. Inputs that
// cannot come at a stage share a line: the machine is total all the same.
test('the transition table', () => {
  const lines = LEGS.flatMap(describeLeg);
  matchesGolden(new URL('./exchange.golden.txt', import.meta.url), `${lines.join('\n')}`);
});

describe.each(LEGS)('the $name leg', (leg) => {
  const stages = Object.entries(leg.stages);
  const anyStage = fc.constantFrom(...Object.values(leg.stages));
  const anyInput = fc
    .tuple(fc.constantFrom(...Object.values(Input)), fc.constantFrom(...Object.values(Cause)))
    .map(([kind, cause]) => inputOf(kind, cause));
  const anyFacts = fc.integer({ min: 0, max: ALL_FACTS });

  test('every question has a valid answer', () => {
    fc.assert(
      fc.property(anyStage, anyInput, anyFacts, (stage, input, facts) => {
        const answer = leg.advance(stage, input, facts);
        expect(Object.values(leg.stages)).toContain(stageOf(answer));
        expect(effectOf(answer)).toBeLessThan(EFFECTS.length);
        expect(answer >>> 24).toBe(0);
        // Stages are named after what is true, so no answer leads back.
        expect(stageOf(answer) > stage || stage === leg.closed).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });

  test('no fact outside its needs changes an answer', () => {
    fc.assert(
      fc.property(anyStage, anyInput, anyFacts, anyFacts, (stage, input, facts, others) => {
        const needs = leg.needs(stage, input);
        const mixed = (facts & needs) | (others & ~needs);
        expect(leg.advance(stage, input, mixed)).toBe(leg.advance(stage, input, facts));
      }),
      { numRuns: 20_000 },
    );
  });

  test('each fact of its needs matters for some facts', () => {
    for (const [stageName, stage] of stages) {
      for (const { label, input } of inputsOf(leg, stageName)) {
        const needs = leg.needs(stage, input);
        for (const [factName, fact] of FACTS) {
          if ((needs & fact) === 0) continue;
          const matters = factsAround(needs).some(
            (facts) => leg.advance(stage, input, facts) !== leg.advance(stage, input, facts ^ fact),
          );
          expect(matters, `${stageName} ${label} ${factName}`).toBe(true);
        }
      }
    }
  });

  test('every fault it can raise is in the registry', () => {
    for (const [stageName, stage] of stages) {
      for (const { label, input } of inputsOf(leg, stageName)) {
        for (const facts of factsAround(leg.needs(stage, input))) {
          const fault = faultOfTransition(leg.advance(stage, input, facts));
          const isKnown = fault === 0 || findFault(fault) !== null;
          expect(isKnown, `${stageName} ${label} raises ${fault}`).toBe(true);
        }
      }
    }
  });

  test('Closed absorbs everything', () => {
    fc.assert(
      fc.property(anyInput, anyFacts, (input, facts) => {
        const answer = leg.advance(leg.closed, input, facts);
        expect([stageOf(answer), effectOf(answer)]).toEqual([leg.closed, Effect.None]);
        expect(faultOfTransition(answer)).toBe(0);
      }),
    );
  });

  test('what is held is taken once and given back', () => {
    expect(leg.holds).toHaveLength(stages.length);
    expect(leg.reads).toHaveLength(stages.length);
    expect(leg.holds[leg.closed]).toBe(0);
    for (const [stageName, stage] of stages) {
      for (const { label, input } of inputsOf(leg, stageName)) {
        for (const facts of factsAround(leg.needs(stage, input))) {
          const answer = leg.advance(stage, input, facts);
          const after = leg.holds[stageOf(answer)];
          const taken = after & ~leg.holds[stage];
          const place = `${stageName} ${label} -> ${nameIn(leg.stages, stageOf(answer))}`;
          const [takesThread, takesConnection] = [taken & Hold.Thread, taken & Hold.Connection];
          expect(takesThread === 0 || stageName === 'Waiting', `${place}: thread`).toBe(true);
          expect(takesConnection === 0 || stageName === 'Admitted', `${place}: socket`).toBe(true);
          // A connection to the log is held exactly while something is being logged.
          const logs = effectOf(answer) === Effect.Log;
          expect((after & Hold.LogConnection) !== 0, `${place}: log`).toBe(logs);
        }
      }
    }
  });

  test('a thread, once given back, is not taken again', () => {
    const begin = leg.holds.findIndex((held) => (held & Hold.Thread) !== 0);
    const threads = leg.holds.slice(begin, leg.closed).map((held) => held & Hold.Thread);
    expect(new Set(threads)).toEqual(new Set([Hold.Thread]));
  });

  test('from the wire a stage has rules for what it reads, and for nothing else', () => {
    for (const [stageName, stage] of stages) {
      for (const [inputName, kind] of Object.entries(Input)) {
        if (kind < Input.MessageEnd) continue;
        const isRead = (leg.reads[stage] & (1 << kind)) !== 0;
        expect(leg.source(stage, kind) !== null, `${stageName} ${inputName}`).toBe(isRead);
      }
    }
  });

  test('an exchange without trouble passes every stage', () => {
    const happy: Readonly<Record<number, number>> = {
      [Effect.SendSignature]: Input.ResponseHead,
      [Effect.Receive]: Input.MessageEnd,
      [Effect.None]: Input.ResponseEnd,
    };
    const seen = [0];
    let answer = leg.advance(0, Input.ThreadGranted, ALL_FACTS);
    while (stageOf(answer) !== leg.closed) {
      const stage = stageOf(answer);
      seen.push(stage);
      answer = leg.advance(stage, happy[effectOf(answer)] ?? Input.Done, ALL_FACTS);
    }
    expect([...seen, leg.closed]).toEqual(Object.values(leg.stages));
    expect(faultOfTransition(answer)).toBe(0);
  });
});
