/**
 * Where `extends` may point: to scenario files inside the folder `scenarios` that holds the entry
 * file, or, where there is none, inside the folder of the entry file. A scenario that somebody sent
 * must not read other files of the machine.
 */

export type ExtendsPath =
  | { readonly isOk: true; readonly path: string }
  | { readonly isOk: false; readonly message: string; readonly hint: string };

/** The folder that no `extends` may leave, as its parts. */
export function rootOf(entryPath: string): readonly string[] {
  const folder = foldersOf(entryPath);
  const index = folder.lastIndexOf('scenarios');
  return index === -1 ? folder : folder.slice(0, index + 1);
}

/** The file that `target` names in the file `fromPath`. */
export function resolveExtends(
  fromPath: string,
  target: string,
  root: readonly string[],
): ExtendsPath {
  if (target.trim() === '' || target.length > 500) {
    return refused('extends names no file', 'write a file name, such as base.scenario.yaml');
  }
  if (/^(\/|~|[A-Za-z][\w+.-]*:)|\\/.test(target)) {
    const hint = 'write the way from this file, with / between folders';
    return refused('extends is a relative path', hint);
  }
  const parts = foldersOf(fromPath);
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.length > root.length) parts.pop();
    else return refused('extends leaves the folder of the scenarios', 'copy that file into it');
  }
  if (!/\.ya?ml$/.test(target)) {
    return refused('extends names no scenario file', 'their names end in .scenario.yaml');
  }
  return { isOk: true, path: parts.join('/') };
}

/** What a scenario is called when it does not say so itself. */
export function nameOf(path: string): string {
  const file = path.replaceAll('\\', '/').split('/').at(-1) ?? '';
  const name = file.replace(/(\.scenario)?\.ya?ml$/, '').replaceAll(/[\s/\\%;:]+/g, '-');
  return name === '' ? 'scenario' : name.slice(0, 100);
}

/** An absolute path begins with an empty part, which joins to the same path again. */
function foldersOf(path: string): string[] {
  return path.replaceAll('\\', '/').split('/').slice(0, -1);
}

function refused(message: string, hint: string): ExtendsPath {
  return { isOk: false, message, hint };
}
