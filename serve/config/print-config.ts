/** A configuration for people and for programs. */
import type { LoadedConfig } from './load-config.js'
import { type SettingName, settingNames, settingOf } from './settings.js'

/** Each setting that has a value, with where it is from; secrets as their number. */
export function describeConfig({
  values,
  origins,
}: LoadedConfig): Record<string, { value: unknown; from: string }> {
  const given = settingNames.filter((name) => values[name] !== undefined)
  return Object.fromEntries(
    given.map((name) => [name, { value: shown(name, values[name]), from: origins[name] ?? 'default' }]),
  )
}

/** The same as lines of text: setting, value, source. */
export function configLines(config: LoadedConfig): string[] {
  const rows = Object.entries(describeConfig(config)).map(([name, { value, from }]) => [
    name,
    Array.isArray(value) ? value.join(', ') : String(value),
    from,
  ])
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column].length)))
  return rows.map(([name, value, from]) => `${name.padEnd(widths[0])}  ${value.padEnd(widths[1])}  ${from}`)
}

function shown(name: SettingName, value: unknown): unknown {
  if (!settingOf(name).secret) return value
  const { length } = value as unknown[]
  return `${length} ${length === 1 ? 'key' : 'keys'}, not shown`
}
