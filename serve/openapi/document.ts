/** An OpenAPI 3.1 document, made of operations whose parts are zod schemas. */
import * as z from 'zod/mini'

type Schema = z.ZodMiniType

/** Content by media type: a schema, or JSON Schema where no zod schema says it. */
export type Content = Record<string, Schema | JsonSchema>

/** Media types of the parts of a form, by field, where they are not what their schema implies. */
export type PartTypes = Record<string, { contentType: string }>

export type JsonSchema = Record<string, unknown>

export interface Parameter {
  name: string
  in: 'query' | 'path' | 'header'
  schema: Schema | JsonSchema
  description: string
}

export interface Answer {
  description: string
  content?: Content
}

export interface Operation {
  /** With parameters as in `/models/{name}`. */
  path: string
  method: 'get' | 'post'
  tag: string
  /** One line; the first word is a verb. */
  summary: string
  description?: string
  parameters?: readonly Parameter[]
  body?: Content
  /** Of the body as a form. */
  parts?: PartTypes
  /** By status. */
  answers: Record<string, Answer>
  /** Whether it needs no key. */
  open?: boolean
}

export interface DocumentOptions {
  title: string
  version: string
  description: string
  operations: readonly Operation[]
  /** Whether requests need an API key. */
  keys: boolean
}

export interface OpenApiDocument {
  openapi: string
  info: { title: string; version: string; description: string }
  paths: Record<string, Record<string, OperationObject>>
  [more: string]: unknown
}

export interface OperationObject {
  operationId: string
  tags: string[]
  summary: string
  description?: string
  parameters?: { name: string; in: string; required: boolean; description: string; schema: JsonSchema }[]
  requestBody?: { required: boolean; content: Record<string, { schema: JsonSchema; encoding?: PartTypes }> }
  responses: Record<string, { description: string; content?: Record<string, { schema: JsonSchema }> }>
  security?: object[]
}

/** Names of the ways to send a key. */
const KEY_SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer' },
  header: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
}

export function openApiDocument(options: DocumentOptions): OpenApiDocument {
  const { title, version, description, operations, keys } = options
  const paths: OpenApiDocument['paths'] = {}
  for (const operation of operations) {
    paths[operation.path] ??= {}
    paths[operation.path][operation.method] = operationObject(operation)
  }
  return {
    openapi: '3.1.0',
    info: { title, version, description },
    ...(keys && {
      components: { securitySchemes: KEY_SCHEMES },
      security: Object.keys(KEY_SCHEMES).map((name) => ({ [name]: [] })),
    }),
    paths,
  }
}

function operationObject(operation: Operation): OperationObject {
  const { path, method, tag, summary, description, parameters = [], body, parts, answers, open } = operation
  return {
    operationId: `${method}${path.replace(/[^A-Za-z0-9]+(.?)/g, (_, letter: string) => letter.toUpperCase())}`,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    ...(parameters.length > 0 && { parameters: parameters.map(parameterObject) }),
    ...(body !== undefined && { requestBody: { required: true, content: bodyObject(body, parts) } }),
    responses: Object.fromEntries(
      Object.entries(answers).map(([status, { content, ...answer }]) => [
        status,
        { ...answer, ...(content !== undefined && { content: contentObject(content, 'output') }) },
      ]),
    ),
    ...(open && { security: [] }),
  }
}

function parameterObject({ schema, ...parameter }: Parameter) {
  return { ...parameter, required: parameter.in === 'path', schema: schemaObject(schema, 'input') }
}

function bodyObject(body: Content, encoding: PartTypes | undefined) {
  const content: Record<string, { schema: JsonSchema; encoding?: PartTypes }> = contentObject(body, 'input')
  if (encoding !== undefined) Object.assign(content['multipart/form-data'], { encoding })
  return content
}

function contentObject(content: Content, side: 'input' | 'output') {
  return Object.fromEntries(
    Object.entries(content).map(([type, schema]) => [type, { schema: schemaObject(schema, side) }]),
  )
}

/** @param side What a client sends (defaults may be left out), or gets. */
function schemaObject(schema: Schema | JsonSchema, side: 'input' | 'output'): JsonSchema {
  if (!('_zod' in schema)) return schema
  const { $schema, ...rest } = z.toJSONSchema(schema as Schema, { io: side, override: plainTuples })
  return rest
}

/** Lists of a fixed number of equal things, which few readers know as `prefixItems`. */
function plainTuples({
  zodSchema,
  jsonSchema,
}: {
  zodSchema: z.core.$ZodType
  jsonSchema: JsonSchema
}): void {
  if (zodSchema._zod.def.type !== 'tuple') return
  const { prefixItems } = jsonSchema as { prefixItems: JsonSchema[] }
  delete jsonSchema.prefixItems
  Object.assign(jsonSchema, {
    items: prefixItems[0],
    minItems: prefixItems.length,
    maxItems: prefixItems.length,
  })
}
