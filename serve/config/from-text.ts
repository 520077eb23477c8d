import type * as z from 'zod/mini'

/**
 * What a text from outside (a flag, an environment variable, a query) is as a value of `schema`: numbers, true and
 * false, and lists with commas. A text that cannot be one stays as it is, for the schema to refuse.
 */
export function fromText(schema: z.core.$ZodType, text: string): unknown {
  const { def } = schema._zod
  switch (def.type) {
    case 'default':
    case 'optional':
      return fromText((def as z.core.$ZodDefaultDef).innerType, text)
    case 'number':
      return (isInteger(def) ? WHOLE : DECIMAL).test(text) ? Number(text) : text
    case 'boolean':
      return BOOLEANS[text] ?? text
    case 'array':
      return text.split(',').map((part) => fromText((def as z.core.$ZodArrayDef).element, part.trim()))
    default:
      return text
  }
}

const isInteger = (def: z.core.$ZodTypeDef): boolean => (def as { format?: string }).format === 'safeint'

const WHOLE = /^-?\d+$/
const DECIMAL = /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i
const BOOLEANS: Record<string, boolean | undefined> = { 1: true, true: true, 0: false, false: false }
