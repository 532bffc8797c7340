/** What the user can put right: told without a stack trace, exit code 2. */
export class UserError extends Error {
  override name = 'UserError';
}

/** Why a file or folder cannot be used, in a few words. */
export function fileProblem(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return PROBLEMS[code] ?? (code === '' ? 'it cannot be used' : `it cannot be used (${code})`);
}

const PROBLEMS: Readonly<Record<string, string>> = {
  EACCES: 'no permission',
  EDQUOT: 'the disk quota is used up',
  EEXIST: 'there is something of that name already',
  EFBIG: 'the file would become too large',
  EISDIR: 'it is a folder',
  ELOOP: 'its links go round in a circle',
  ENAMETOOLONG: 'the name is too long',
  ENOENT: 'there is no such file or folder',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of its path is not a folder',
  EPERM: 'no permission',
  EROFS: 'the disk is read-only',
};
