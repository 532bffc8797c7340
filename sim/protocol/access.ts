/**
 * Who may call what, as the provider's server decides it (facts 8): the consumer's server never
 * asks. A right names a subject (a subsystem, a global or a local group) and an endpoint of one
 * service (a method and a path pattern); one right that fits is enough.
 *
 * Source, read at 7.7.0 and 7.8.0: ServerConfImpl.checkAccessRights and getAclEndpoints,
 * BaseEndpoint.matches, PathGlob, UriUtils.
 */
export interface AccessRight {
  /** Exactly one of the three subjects is set. `INSTANCE/CLASS/CODE/SUBSYSTEM`. */
  readonly subsystem: string | null;
  /** `INSTANCE/GROUP`. */
  readonly globalGroup: string | null;
  /** Its members, as subsystems. */
  readonly localGroup: readonly string[] | null;
  /** HTTP method or `*`. */
  readonly method: string;
  /** Path pattern; see `matchesGlob`. */
  readonly path: string;
}

export interface AccessRequest {
  /** The calling subsystem. */
  readonly client: string;
  /** Global groups it is a member of, `INSTANCE/GROUP`. */
  readonly groups: ReadonlySet<string>;
  readonly method: string;
  /** Path behind the service code, as it was sent; empty where there is none. */
  readonly path: string;
}

/** Whether a provider's server of this version (7.8.0 = 70800) lets the request through. */
export function mayAccess(
  rights: readonly AccessRight[],
  request: AccessRequest,
  version: number,
): boolean {
  const path = normalisePath(request.path, version);
  // X-Road answers a path that it cannot parse with internal_error; refused is refused here.
  if (path === null) return false;
  if (isTraversalMended(version) && path.includes('..')) return false;
  return rights.some(
    (right) => isSubject(right, request) && matchesEndpoint(right, request.method, path),
  );
}

/**
 * XRDDEV-3054: a path with percent-encoded dots was normalised before it was decoded, so that a
 * wildcard let `/api/%2e%2e/secret` through. Mended in 7.5.2, 7.6.3, 7.7.1 and 7.8.0 (CHANGELOG
 * 7.7.1; commit bb7268719a).
 */
export function isTraversalMended(version: number): boolean {
  const minor = Math.floor(version / 100);
  const patch = version % 100;
  if (minor === 705) return patch >= 2;
  if (minor === 706) return patch >= 3;
  if (minor === 707) return patch >= 1;
  return minor >= 708;
}

/**
 * The path that the rights are compared with: percent-decoded, with `.` and `..` resolved and
 * repeated slashes joined. A `..` that leads above the root stays. Null: it cannot be parsed.
 */
export function normalisePath(path: string, version: number): string | null {
  if (isTraversalMended(version)) {
    const decoded = decodePath(path);
    return decoded === null ? null : resolveDots(pathOfUri(decoded));
  }
  return decodePath(resolveDots(pathOfUri(path)));
}

/**
 * PathGlob: `*` is anything but a slash, `**` anything at all, a backslash takes the meaning from
 * the star behind it. A single star takes all it can and gives nothing back (it is a possessive
 * quantifier), so `/*.json` never fits: the star has already taken `.json`.
 */
export function matchesGlob(glob: string, path: string): boolean {
  return globPattern(glob).test(path);
}

function isSubject(right: AccessRight, { client, groups }: AccessRequest): boolean {
  if (right.subsystem !== null) return right.subsystem === client;
  if (right.globalGroup !== null) return groups.has(right.globalGroup);
  return right.localGroup !== null && right.localGroup.includes(client);
}

function matchesEndpoint(right: AccessRight, method: string, path: string): boolean {
  const anyMethod = right.method === '*';
  if (!anyMethod && right.method.toUpperCase() !== method.toUpperCase()) return false;
  // The base endpoint is the whole service, with or without a path: X-Road stores it as `**`,
  // and people write it `/**`.
  if (right.path === '**' || (anyMethod && right.path === '/**')) return true;
  return matchesGlob(right.path, path);
}

const REGEX_META = '.^$+{}[]|()?/';

function globPattern(glob: string): RegExp {
  let source = '';
  let starCount = 0;
  for (let at = 0; at < glob.length; at++) {
    const here = glob[at];
    if (here === '*') {
      const isDeep = glob[at + 1] === '*';
      while (glob[at + 1] === '*') at++;
      // A look-ahead is never entered again, which makes the star possessive.
      source += isDeep ? '[^]*' : `(?=([^/]*))\\${++starCount}`;
    } else if (here === '\\') {
      const escapes = glob[at + 1] === '*' || glob[at + 1] === '\\';
      source += escapes ? `\\${glob[++at]}` : '\\\\';
    } else {
      // A digit behind a back reference would become part of its number.
      source += REGEX_META.includes(here) ? `\\${here}` : `(?:${here})`;
    }
  }
  return new RegExp(`^${source}$`);
}

/** As Java's URI reads it: the path ends where a query or a fragment begins. */
function pathOfUri(text: string): string {
  const end = text.search(/[?#]/);
  return end === -1 ? text : text.slice(0, end);
}

/** What `decodePath` leaves as it is besides letters and digits: RFC 3986, pchar, and the slash. */
const SAFE = /^[A-Za-z0-9\-._~!$&'()*+,;=:@/]$/;

/** Broken sequences become U+FFFD, as in Java. */
const UTF_8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** UriUtils.uriPathPercentDecode. Null: an escape is broken, or a character may not stand there. */
function decodePath(path: string): string | null {
  const bytes: number[] = [];
  for (let at = 0; at < path.length; at++) {
    const here = path[at];
    if (here === '%') {
      const digits = path.slice(at + 1, at + 3);
      if (!/^[0-9A-Fa-f]{2}$/.test(digits)) return null;
      // X-Road keeps %2D, a hyphen, escaped; its comment says that this is the slash.
      if (digits.toUpperCase() === '2D') bytes.push(0x25, 0x32, 0x44);
      else bytes.push(Number.parseInt(digits, 16));
      at += 2;
    } else if (SAFE.test(here)) {
      bytes.push(here.charCodeAt(0));
    } else {
      return null;
    }
  }
  return UTF_8.decode(Uint8Array.from(bytes));
}

/** URI.normalize of Java: empty and `.` segments go, `..` takes the segment before it along. */
function resolveDots(path: string): string {
  if (path === '') return '';
  const isRooted = path.startsWith('/');
  const parts = path.split('/');
  const last = parts[parts.length - 1];
  const kept: string[] = [];
  let endsInDots = false;
  for (const part of parts) {
    endsInDots = part === '.' || part === '..';
    if (part === '' || part === '.') continue;
    const before = kept.at(-1);
    if (part === '..' && before !== undefined && before !== '..') kept.pop();
    else {
      kept.push(part);
      endsInDots = false;
    }
  }
  const body = kept.join('/');
  const isFolder = body !== '' && (last === '' || endsInDots);
  return `${isRooted ? '/' : ''}${body}${isFolder ? '/' : ''}`;
}
