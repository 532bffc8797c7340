/**
 * Base64 as XML has it: lines may break anywhere. What Node would silently drop or complete is
 * refused, so that one value has one spelling but for its white space.
 */

/** Null: the text is no base64. */
export function decodeBase64(text: string): Buffer | null {
  const letters = text.replace(/[ \t\r\n]+/g, '');
  const bytes = Buffer.from(letters, 'base64');
  return bytes.toString('base64') === letters ? bytes : null;
}
