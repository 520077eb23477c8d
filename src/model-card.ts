/**
 * The model card: what an exported `model.onnx` says about itself in its `metadata_props`, so that the
 * file needs nothing beside it. The exporter writes it, the server and the commands read it; neither
 * has to know the other.
 */
import { open } from 'node:fs/promises'
import protobuf from 'protobufjs/minimal.js'

export interface ModelCard {
  task: 'classification' | 'detection'
  /** Short name shown to people and answered by the server, for example `nasnet-a-2x192`. */
  name: string
  /** One label for each class, in the order of the output's last axis. */
  labels: string[]
  /** What the graph's `images` input takes: [height, width] in pixels (uint8, N×H×W×3, RGB). */
  inputSize: [number, number]
  /** Anything else worth carrying: genotype, training data, metrics, provenance. JSON values. */
  about: Record<string, unknown>
}

/** The card as `metadata_props`: one readable key for each field, as Netron shows them. */
export function cardToMetadata(card: ModelCard): Record<string, string> {
  const metadata: Record<string, string> = {
    task: card.task,
    name: card.name,
    labels: JSON.stringify(card.labels),
    input_size: JSON.stringify(card.inputSize),
  }
  for (const [key, value] of Object.entries(card.about)) metadata[`about.${key}`] = JSON.stringify(value)
  return metadata
}

/** The inverse of {@link cardToMetadata}. Throws an error that names the missing or malformed field. */
export function cardFromMetadata(metadata: Record<string, string>): ModelCard {
  const field = (key: string): string => {
    const value = metadata[key]
    if (value === undefined) throw new Error(`it carries no "${key}" in its metadata; export it with "toolkit export"`)
    return value
  }
  const json = (key: string): unknown => {
    try {
      return JSON.parse(field(key))
    } catch (error) {
      if (error instanceof SyntaxError) throw new Error(`its metadata "${key}" is not JSON: ${error.message}`)
      throw error
    }
  }
  const task = field('task')
  if (task !== 'classification' && task !== 'detection') throw new Error(`its task "${task}" is unknown`)
  const labels = json('labels')
  if (!Array.isArray(labels) || !labels.every((label) => typeof label === 'string'))
    throw new Error('its metadata "labels" is not a list of strings')
  const size = json('input_size')
  if (!Array.isArray(size) || size.length !== 2 || !size.every((side) => Number.isInteger(side) && side > 0))
    throw new Error('its metadata "input_size" is not two positive integers')
  const about: Record<string, unknown> = {}
  for (const key of Object.keys(metadata)) if (key.startsWith('about.')) about[key.slice(6)] = json(key)
  return { task, name: field('name'), labels, inputSize: [size[0], size[1]], about }
}
