/** Checkpoints: the state vectors of a training step as a safetensors file of tensors named by parameter path. */
import { UserError } from '../../shared/errors.js'
import { readSafetensors, type Tensor, writeSafetensors } from '../../shared/safetensors.js'
import { isFiniteVector } from '../step/named-weights.js'
import type { ParameterSlot, StateVectors } from '../step/step-types.js'

/** The state of a run after a step. */
export interface Checkpoint {
  /** Steps done. */
  step: number
  /** Seconds trained, over all sessions. */
  seconds: number
  layout: ParameterSlot[]
  state: StateVectors
}

/** The prefix of the names of a vector's tensors, and the vector whose layout it has. */
function naming(vector: string, layout: ParameterSlot[]): { prefix: string; like: string } {
  if (layout.some((slot) => slot.vector === vector)) return { prefix: '', like: vector }
  const like = /statistics$/i.test(vector) ? 'statistics' : 'parameters'
  return { prefix: vector.startsWith('average') ? 'average/' : `optimizer/${vector}/`, like }
}

/** The slots of a vector. A vector whose length differs from that of its layout has none: it is stored as one tensor. */
function slotsOf(vector: string, length: number, layout: ParameterSlot[]): ParameterSlot[] {
  const { like } = naming(vector, layout)
  const slots = layout.filter((slot) => slot.vector === like)
  const end = slots.reduce((furthest, slot) => Math.max(furthest, slot.offset + slot.size), 0)
  return end === length ? slots : []
}

/**
 * Writes a checkpoint atomically. Parameters and statistics are named by their path, averages
 * `average/<path>`, optimiser slots `optimizer/<slot>/<path>`. `config`: the config of the training.
 *
 * @throws UserError when the file cannot be written
 */
export async function writeCheckpoint(
  path: string,
  { step, seconds, layout, state }: Checkpoint,
  config?: unknown,
): Promise<void> {
  const tensors = new Map<string, Tensor>()
  const lengths: Record<string, number> = {}
  for (const [vector, data] of Object.entries(state)) {
    lengths[vector] = data.length
    const slots = slotsOf(vector, data.length, layout)
    const { prefix } = naming(vector, layout)
    for (const slot of slots)
      tensors.set(prefix + slot.path, {
        shape: slot.shape,
        data: data.subarray(slot.offset, slot.offset + slot.size),
      })
    if (slots.length === 0) tensors.set(`state/${vector}`, { shape: [data.length], data })
  }
  const metadata = {
    step: String(step),
    seconds: String(seconds),
    vectors: JSON.stringify(lengths),
    layout: JSON.stringify(layout),
    ...(config !== undefined && { config: JSON.stringify(config) }),
  }
  await writeSafetensors(path, tensors, { metadata })
}

/**
 * Reads what {@link writeCheckpoint} wrote.
 *
 * @throws UserError that names the file when it is damaged or is not a checkpoint
 */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  return (await readCheckpointAndConfig(path)).checkpoint
}

/**
 * Reads a checkpoint and the config that it was trained with, which is undefined in checkpoints of earlier versions.
 *
 * @throws UserError as {@link readCheckpoint}
 */
export async function readCheckpointAndConfig(
  path: string,
): Promise<{ checkpoint: Checkpoint; config: unknown }> {
  const { tensors, metadata } = await readSafetensors(path)
  for (const key of ['step', 'seconds', 'vectors', 'layout'])
    if (metadata[key] === undefined)
      throw new UserError(`${path} is not a checkpoint of a run: its metadata has no "${key}"`)
  const parse = (key: string): unknown => {
    try {
      return JSON.parse(metadata[key])
    } catch {
      throw new UserError(`${path} is not a checkpoint of a run: "${key}" in its metadata is not JSON`)
    }
  }
  const layout = parse('layout') as ParameterSlot[]
  const lengths = parse('vectors') as Record<string, number>
  const take = (name: string, size: number): Float32Array => {
    const data = tensors.get(name)?.data
    if (!(data instanceof Float32Array) || data.length !== size)
      throw new UserError(`${path} is damaged: it has no float32 tensor "${name}" of ${size} numbers`)
    return data
  }
  const state: StateVectors = {}
  for (const [vector, length] of Object.entries(lengths)) {
    const slots = slotsOf(vector, length, layout)
    const { prefix } = naming(vector, layout)
    if (slots.length === 0) {
      state[vector] = take(`state/${vector}`, length)
      continue
    }
    state[vector] = new Float32Array(length)
    for (const slot of slots) state[vector].set(take(prefix + slot.path, slot.size), slot.offset)
  }
  const [step, seconds] = [Number(metadata.step), Number(metadata.seconds)]
  if (!Number.isSafeInteger(step) || step < 0 || !(seconds >= 0 && seconds < Number.POSITIVE_INFINITY))
    throw new UserError(
      `${path} is damaged: its metadata says step "${metadata.step}" and "${metadata.seconds}" seconds`,
    )
  const config = metadata.config === undefined ? undefined : parse('config')
  return { checkpoint: { step, seconds, layout, state }, config }
}

/** Throws a `UserError` that names the first parameter in which the checkpoint and the network differ. */
export function assertSameLayout(saved: ParameterSlot[], network: ParameterSlot[]): void {
  const describe = (slot: ParameterSlot | undefined): string =>
    slot === undefined
      ? 'nothing'
      : `${slot.path} [${slot.shape.join(', ')}] in ${slot.vector} at ${slot.offset}`
  for (let i = 0; i < Math.max(saved.length, network.length); i++)
    if (describe(saved[i]) !== describe(network[i]))
      throw new UserError(
        `The checkpoint does not fit the network that config.json describes: it has ${describe(saved[i])} where the network has ${describe(network[i])}`,
      )
}

/**
 * The vectors to evaluate and to export, named `parameters` and `statistics`: the moving averages, if the run keeps
 * them.
 */
export function inferenceState(state: StateVectors): StateVectors {
  return {
    parameters: state.averageParameters ?? state.parameters,
    statistics: state.averageStatistics ?? state.statistics,
  }
}

/** The name of a vector that holds a number that is not finite; null: there is none. */
export function nonFiniteVector(state: StateVectors): string | null {
  for (const [name, vector] of Object.entries(state)) if (!isFiniteVector(vector)) return name
  return null
}
