/** A genotype or a network's settings that cannot be built; the message names the part and what to do. */
export class ModelError extends Error {
  override name = 'ModelError'
}
