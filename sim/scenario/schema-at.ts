/** What the schema says about a place of a scenario: the hint when something is missing there. */
import { scenarioJsonSchema } from './schema.ts';

interface Part {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Part>>;
  readonly description?: string;
  readonly examples?: readonly string[];
  readonly anyOf?: readonly Part[];
  readonly items?: Part | false;
  readonly prefixItems?: readonly Part[];
  readonly properties?: Readonly<Record<string, Part>>;
  readonly additionalProperties?: Part | boolean;
}

/** Made when the first key is missing: most scenarios miss none. */
let made: Part | null = null;

/** One line such as `when it begins (such as 30s)`; null where the schema says nothing. */
export function meaningAt(path: readonly PropertyKey[]): string | null {
  made ??= scenarioJsonSchema() as Part;
  const root = made;
  let parts: readonly Part[] = [root];
  for (const step of path) parts = parts.flatMap((part) => within(part, step, root));
  const described = parts.find(({ description }) => description !== undefined);
  if (described?.description === undefined) return null;
  const [example] = described.examples ?? [];
  const { description } = described;
  return example === undefined ? description : `${description} (such as ${example})`;
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
