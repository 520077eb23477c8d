/** How configs of type `C` are read, and what of them may change when a run is resumed. */
export interface ConfigRules<C> {
  /** Checks a value, for example the content of `config.json`. Throws a `UserError` that names the field. */
  validate(value: unknown): C
  /** By name, the settings that the state vectors or the meaning of a step's number depend on. */
  fixedSettings(config: C): Record<string, unknown>
  /** Throws a `UserError` when both configs record what their data is, and it is not the same data. */
  refuseOtherData(saved: C, config: C): void
}
