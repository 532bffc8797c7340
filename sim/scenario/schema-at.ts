/** What the schema says about a place of a scenario: its meaning, and whether it is a list. */
import { scenarioJsonSchema } from './schema.ts';

interface Part {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Part>>;
  readonly description?: string;
  readonly examples?: readonly string[];
  readonly anyOf?: readonly Part[];
  readonly type?: string | readonly string[];
  readonly items?: Part | false;
  readonly prefixItems?: readonly Part[];
  readonly properties?: Readonly<Record<string, Part>>;
  readonly additionalProperties?: Part | boolean;
}

/** Made when the first key is missing: most scenarios miss none. */
let made: Part | null = null;

/** One line such as `when it begins (such as 30s)`; null where the schema says nothing. */
export function meaningAt(path: readonly PropertyKey[]): string | null {
  const parts = partsAt(path);
  const described = parts.find(({ description }) => description !== undefined);
  if (described?.description === undefined) return null;
  const [example] = described.examples ?? [];
  const { description } = described;
  return example === undefined ? description : `${description} (such as ${example})`;
}

/** Whether the value is a list, or at least never a map. */
export function isListAt(path: readonly PropertyKey[]): boolean {
  const forms = partsAt(path).flatMap((part) => formsOf(part, schemaRoot()));
  return forms.some(({ type }) => type === 'array') && forms.every(({ type }) => type !== 'object');
}

function schemaRoot(): Part {
  made ??= scenarioJsonSchema() as Part;
  return made;
}

function partsAt(path: readonly PropertyKey[]): readonly Part[] {
  const root = schemaRoot();
  let parts: readonly Part[] = [root];
  for (const step of path) parts = parts.flatMap((part) => within(part, step, root));
  return parts;
}

/** A value may be written in several ways; all of them are followed. */
function within(part: Part, step: PropertyKey, root: Part): Part[] {
  const forms = formsOf(part, root);
  return forms.flatMap((form) => {
    if (typeof step === 'number') {
      const item = form.prefixItems?.[step] ?? form.items;
      return typeof item === 'object' ? [item] : [];
    }
    const named = form.properties?.[String(step)] ?? form.additionalProperties;
    return typeof named === 'object' ? [named] : [];
  });
}

function formsOf(part: Part, root: Part): Part[] {
  const id = part.$ref?.replace('#/$defs/', '');
  const target = id === undefined ? undefined : root.$defs?.[id];
  if (target !== undefined) return formsOf(target, root);
  return part.anyOf === undefined ? [part] : part.anyOf.flatMap((form) => formsOf(form, root));
}
