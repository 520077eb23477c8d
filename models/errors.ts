/** Thrown for a genotype or settings of which no network can be built. The message names the part and the fix. */
export class ModelError extends Error {
  override name = 'ModelError'
}
