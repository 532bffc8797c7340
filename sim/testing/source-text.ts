/**
 * Just enough understanding of TypeScript text for the house rules. TypeScript 7 has no API for
 * JavaScript programs, and the rules need no types: they need to know what is a comment or a
 * string, what is imported, and where a function begins and ends.
 */

export interface ImportLine {
  readonly line: number;
  readonly specifier: string;
  /** `export ... from`: the file hands on what another one made. */
  readonly isReexport: boolean;
}

export interface FunctionSpan {
  readonly name: string;
  readonly line: number;
  readonly lineCount: number;
}

/** The text with the inside of comments, strings and regular expressions blanked out. */
export function maskText(text: string): string {
  return new Mask(text).run();
}

export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) {
    line++;
  }
  return line;
}

const IMPORTS: readonly RegExp[] = [
  /\b(?<word>import|export)\b[\w$*{},\s]*?\bfrom\s*(?<quote>['"])/g,
  /\b(?<word>import)\s*(?<quote>['"])/g,
  /\b(?<word>import)\s*\(\s*(?<quote>['"])/g,
  // A worker's entry is not imported but started from its address.
  /\bnew (?<word>URL)\(\s*(?<quote>['"])(?=[^'"]*['"],\s*import\.meta\.url)/g,
];

/** What a file imports, exports from elsewhere, or names with `new URL(x, import.meta.url)`. */
export function importsOf(text: string, masked: string = maskText(text)): ImportLine[] {
  const found: ImportLine[] = [];
  for (const pattern of IMPORTS) {
    for (const match of masked.matchAll(pattern)) {
      const start = match.index + match[0].length;
      const end = text.indexOf(match.groups?.['quote'] ?? '', start);
      const word = match.groups?.['word'];
      const specifier = text.slice(start, end);
      if (word === 'URL' && !/\.(ts|mjs|js)$/.test(specifier)) continue;
      const line = lineAt(text, match.index);
      found.push({ line, specifier, isReexport: word === 'export' });
    }
  }
  return found.toSorted((a, b) => a.line - b.line);
}

const STATEMENTS = /^(\} )?(if|else|for|while|switch|do|try|catch|finally|with)\b/;
const TYPES = /^(export )?(abstract )?(class|interface|type)\b/;

/**
 * Functions by their indent: code that has passed the formatter closes a block with a brace in the
 * column where the statement began. One-line functions are not found, and need not be.
 */
export function functionsOf(text: string, masked: string = maskText(text)): FunctionSpan[] {
  const lines = masked.split('\n');
  const found: FunctionSpan[] = [];
  for (let last = 0; last < lines.length; last++) {
    const opening = lines[last].trimEnd();
    if (!/(=>|\)|\): .+) \{$/.test(opening)) continue;
    const indent = indentOf(opening);
    const first = headerLine(lines, last, indent);
    const header = lines[first].trim();
    if (STATEMENTS.test(header) || TYPES.test(header)) continue;
    let end = last + 1;
    while (end < lines.length && !closes(lines[end], indent)) end++;
    found.push({ name: nameOf(header), line: first + 1, lineCount: end - first + 1 });
  }
  return found;
}

/** Where a statement begins whose parameters stand on lines of their own. */
function headerLine(lines: readonly string[], last: number, indent: number): number {
  let first = last;
  while (first > 0 && /^\s*[)>]/.test(lines[first])) {
    first--;
    while (first > 0 && (lines[first].trim() === '' || indentOf(lines[first]) > indent)) first--;
  }
  return first;
}

function closes(line: string, indent: number): boolean {
  return line.trimStart().startsWith('}') && indentOf(line) === indent;
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

function nameOf(header: string): string {
  const named = /\b(?:function\*?|const|let)\s+([\w$]+)/.exec(header);
  if (named !== null) return named[1];
  const method = /^(?:(?:public|private|protected|static|async|override|get|set)\s+)*\*?([\w$#]+)/;
  return method.exec(header)?.[1] ?? 'anonymous';
}

const REGEX_MAY_FOLLOW =
  /(^|[=(,:;!&|?{}[+\-*%<>~^]|\b(return|typeof|case|in|of|void|throw|else))$/;

/** A scanner with three nested states: code, template text, and code inside a template. */
class Mask {
  readonly #text: string;
  readonly #out: string[];
  #at = 0;
  /** For each template literal that is open: the depth of braces in its `${ }`. */
  readonly #templates: number[] = [];

  constructor(text: string) {
    this.#text = text;
    this.#out = text.split('');
  }

  run(): string {
    while (this.#at < this.#text.length) this.#step();
    return this.#out.join('');
  }

  #step(): void {
    const here = this.#text[this.#at];
    const two = this.#text.slice(this.#at, this.#at + 2);
    const top = this.#templates.length - 1;
    if (two === '//') this.#blankTo(this.#find('\n', this.#at));
    else if (two === '/*') this.#blankTo(this.#find('*/', this.#at + 2) + 2);
    else if (here === "'" || here === '"') this.#quoted(here);
    else if (here === '`') this.#template();
    else if (here === '/' && this.#regexMayFollow()) this.#regex();
    else if (here === '}' && top >= 0 && this.#templates[top] === 0) {
      this.#templates.pop();
      this.#template();
    } else {
      if (top >= 0 && here === '{') this.#templates[top]++;
      if (top >= 0 && here === '}') this.#templates[top]--;
      this.#at++;
    }
  }

  /** From a quote to its end; the quotes stay. */
  #quoted(quote: string): void {
    this.#at++;
    while (this.#at < this.#text.length) {
      const here = this.#text[this.#at];
      if (here === quote || here === '\n') break;
      if (here === '\\') this.#blank();
      this.#blank();
    }
    this.#at++;
  }

  /** From a backtick, or the brace that ends `${`, to the next of `${` and backtick. */
  #template(): void {
    this.#at++;
    while (this.#at < this.#text.length) {
      if (this.#text[this.#at] === '`') {
        this.#at++;
        return;
      }
      if (this.#text.startsWith('${', this.#at)) {
        this.#templates.push(0);
        this.#at += 2;
        return;
      }
      if (this.#text[this.#at] === '\\') this.#blank();
      this.#blank();
    }
  }

  #regex(): void {
    this.#at++;
    let inClass = false;
    while (this.#at < this.#text.length) {
      const here = this.#text[this.#at];
      if (here === '\n' || (here === '/' && !inClass)) break;
      if (here === '[') inClass = true;
      if (here === ']') inClass = false;
      if (here === '\\') this.#blank();
      this.#blank();
    }
    this.#at++;
  }

  #regexMayFollow(): boolean {
    // The masked text, so that a comment before the slash does not count.
    const before = this.#out
      .slice(Math.max(0, this.#at - 200), this.#at)
      .join('')
      .trimEnd();
    return REGEX_MAY_FOLLOW.test(before);
  }

  /** Where `mark` begins at or after `from`; the end of the text when it does not. */
  #find(mark: string, from: number): number {
    const found = this.#text.indexOf(mark, from);
    return found === -1 ? this.#text.length : found;
  }

  #blankTo(end: number): void {
    while (this.#at < Math.min(end, this.#text.length)) this.#blank();
  }

  #blank(): void {
    if (this.#text[this.#at] !== '\n') this.#out[this.#at] = ' ';
    this.#at++;
  }
}
