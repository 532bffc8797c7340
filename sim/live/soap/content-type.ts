/** The value of a Content-Type header, taken apart as X-Road does (MimeUtils, HeaderValueUtils). */
export interface ContentType {
  /** In lower case, without parameters. */
  readonly media: string;
  /** Null: it names none. */
  readonly charset: string | null;
  readonly boundary: string | null;
}

/** Null: the text is none. */
export function readContentType(text: string): ContentType | null {
  const media = text.split(';')[0].trim().toLowerCase();
  if (media === '') return null;
  return {
    media,
    charset: parameterOf(text, 'charset'),
    boundary: parameterOf(text, 'boundary'),
  };
}

const PARAMETER = /;\s*([^\s=;"]+)\s*=\s*(?:"([^"]*)"|([^\s;"]*))/g;

function parameterOf(text: string, wanted: string): string | null {
  for (const [, name, quoted, bare] of text.matchAll(PARAMETER)) {
    const value = quoted ?? bare;
    if (name.toLowerCase() === wanted && value !== '') return value;
  }
  return null;
}
