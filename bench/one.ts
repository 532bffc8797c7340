/** One measurement in a process of its own, as JSON: `node bench/one.ts BENCH CONTENDER`. */
import { findBench } from './benches.ts';

const [name, contender] = process.argv.slice(2);
const bench = await findBench(name);
const found = bench.groups.flat().find((one) => one.name === contender);
if (found === undefined) throw new Error(`${name} has no contender ${contender}`);
console.log(JSON.stringify(await found.measure()));
