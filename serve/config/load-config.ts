/** One configuration from all its sources: a flag comes before a variable, that before the file, that before the default. */
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type * as z from 'zod/mini'
import { UserError } from '../../src/shared/errors.js'
import { fileError } from '../../src/shared/files.js'
import { validate } from '../../src/shared/validation.js'
import { fromText } from './from-text.js'
import {
  type ServerConfig,
  type SettingName,
  serverDefaults,
  settingNames,
  settingOf,
  variableOf,
} from './settings.js'

export interface LoadedConfig {
  values: ServerConfig
  /** Where each value is from, for people: `--port`, `TOOLKIT_SERVE_PORT`, `serve.json`, `default`. */
  origins: Partial<Record<SettingName, string>>
}

/** The variable that names the configuration file. */
export const CONFIG_VARIABLE = 'TOOLKIT_SERVE_CONFIG'

/** Names of earlier versions, which the container image sets. */
const OLDER_VARIABLES: Partial<Record<SettingName, string>> = { port: 'TOOLKIT_PORT', host: 'TOOLKIT_HOST' }

/** Kubernetes sets such variables for a Service that is named toolkit-serve. */
const SERVICE_LINK = /_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP)(_\w+)?)$/

/**
 * Joins the sources and checks each value.
 *
 * @param flags Those that were given, as their values; `config` names a configuration file.
 * @throws UserError that names the setting and the source, for a value that cannot be or a setting that is unknown
 */
export async function loadConfig(
  { config: path, ...flags }: Record<string, unknown>,
  environment: NodeJS.ProcessEnv,
): Promise<LoadedConfig> {
  const values: Partial<Record<SettingName, unknown>> = { ...serverDefaults }
  const origins: LoadedConfig['origins'] = {}
  for (const name of Object.keys(values) as SettingName[]) origins[name] = 'default'
  const take = (name: SettingName, value: unknown, origin: string, nameThere: string) => {
    values[name] = checked(name, value, nameThere)
    origins[name] = origin
  }
  const file = (path ?? environment[CONFIG_VARIABLE]) as string | undefined
  if (file !== undefined)
    for (const [name, value] of Object.entries(await readConfigFile(file)))
      take(name as SettingName, value, file, `"${name}" in ${file}`)
  refuseUnknown(environment)
  for (const name of settingNames) {
    const variable = [variableOf(name), OLDER_VARIABLES[name] ?? ''].find((each) => environment[each])
    if (variable === undefined) continue
    const schema = settingOf(name).schema
    take(name, fromText(schema, environment[variable]!), variable, variable)
  }
  for (const name of settingNames) {
    if (flags[name] === undefined) continue
    const flag = settingOf(name).flag?.split(' ')[0] ?? 'argument'
    take(name, flags[name], flag, flag)
  }
  if (values.models === undefined)
    throw new UserError(
      'There is no model to serve; name its file, as in "toolkit serve model.onnx", in "models" of the ' +
        `configuration file, or in ${variableOf('models')}`,
    )
  return { values: values as ServerConfig, origins }
}

function checked(name: SettingName, value: unknown, nameThere: string): unknown {
  const { schema, secret } = settingOf(name)
  return validate(schema as z.ZodMiniType, value, {
    nameOf: (path) => `${nameThere}${path.map((at) => `[${String(at)}]`).join('')}`,
    // A key that is refused must not end up in a log.
    ...(secret && {
      errorOf: (sentence) => new UserError(sentence.replace(/ is .*, but must be /s, ' must be ')),
    }),
  })
}

/** The settings of a JSON file; its paths are relative to its own folder. */
async function readConfigFile(path: string): Promise<Record<string, unknown>> {
  let content: string
  try {
    content = await readFile(path, 'utf8')
  } catch (error) {
    throw fileError('read', path, error as Error)
  }
  let values: unknown
  try {
    values = JSON.parse(content)
  } catch (error) {
    throw new UserError(`${path} is not JSON: ${(error as Error).message}`, { cause: error })
  }
  if (typeof values !== 'object' || values === null || Array.isArray(values))
    throw new UserError(`${path} must hold an object { … } of settings`)
  for (const name of Object.keys(values))
    if (!settingNames.includes(name as SettingName))
      throw new UserError(`"${name}" in ${path} is not known here; known are ${settingNames.join(', ')}`)
  const { models, apiKeysFile, ...others } = values as Record<string, unknown>
  const beside = (name: unknown) =>
    typeof name === 'string' && name !== '' ? resolve(dirname(path), name) : name
  return {
    ...(models !== undefined && { models: Array.isArray(models) ? models.map(beside) : models }),
    ...(apiKeysFile !== undefined && { apiKeysFile: beside(apiKeysFile) }),
    ...others,
  }
}

/** A misspelt variable would silently leave a limit at its default. */
function refuseUnknown(environment: NodeJS.ProcessEnv): void {
  const known = [CONFIG_VARIABLE, ...settingNames.map(variableOf)]
  for (const name of Object.keys(environment)) {
    if (!name.startsWith('TOOLKIT_SERVE_') || known.includes(name) || SERVICE_LINK.test(name)) continue
    throw new UserError(`The variable ${name} is not known here; known are ${known.join(', ')}`)
  }
}
