/**
 * The part of JSON Schema that our own schemas use, to hold a value against one. An unknown keyword
 * is an error: a check that ignores half of a schema would prove nothing.
 */

type Schema = Readonly<Record<string, unknown>>;

const ANNOTATIONS = ['$schema', 'title', 'description', 'format'];

/** Paths of what does not match, such as `calls.due`. */
export function flawsOf(schema: Schema, value: unknown, path = ''): string[] {
  return Object.entries(schema).flatMap(([keyword, argument]) => {
    if (ANNOTATIONS.includes(keyword)) return [];
    const judge = KEYWORDS[keyword];
    if (judge === undefined) throw new Error(`${keyword} is not a keyword that this test knows`);
    return judge(argument, value, path, schema);
  });
}

type Judge = (argument: unknown, value: unknown, path: string, schema: Schema) => string[];

const when = (isWrong: boolean, path: string): string[] => (isWrong ? [path] : []);

const KEYWORDS: Readonly<Record<string, Judge>> = {
  type: (type, value, path) => when(!hasType(String(type), value), path),
  const: (wanted, value, path) => when(value !== wanted, path),
  enum: (choices, value, path) => when(!(choices as unknown[]).includes(value), path),
  minimum: (least, value, path) => when(typeof value === 'number' && value < Number(least), path),
  pattern: (pattern, value, path) =>
    when(typeof value === 'string' && !new RegExp(String(pattern)).test(value), path),
  anyOf: (choices, value, path) =>
    when(!(choices as Schema[]).some((choice) => flawsOf(choice, value).length === 0), path),
  items: (items, value, path) =>
    Array.isArray(value)
      ? value.flatMap((item: unknown, index) => flawsOf(items as Schema, item, `${path}[${index}]`))
      : [],
  properties: (properties, value, path) =>
    Object.entries(properties as Readonly<Record<string, Schema>>).flatMap(([key, schema]) =>
      isObject(value) && key in value ? flawsOf(schema, value[key], join(path, key)) : [],
    ),
  required: (keys, value, path) =>
    (keys as string[])
      .filter((key) => isObject(value) && !(key in value))
      .map((key) => join(path, key)),
  additionalProperties: (others, value, path, schema) => {
    if (!isObject(value)) return [];
    const known = Object.keys((schema['properties'] ?? {}) as Schema);
    return Object.keys(value)
      .filter((key) => !known.includes(key))
      .flatMap((key) =>
        others === false
          ? [join(path, key)]
          : flawsOf(others as Schema, value[key], join(path, key)),
      );
  },
};

function hasType(type: string, value: unknown): boolean {
  if (type === 'object') return isObject(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  return type === 'null' ? value === null : typeof value === type;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
