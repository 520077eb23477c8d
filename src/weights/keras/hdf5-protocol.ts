/** What the thread that reads and writes HDF5 files is asked, and what it answers. */

import type { ElementName } from '../element-types.js'

/** A variable in a file. */
export interface Variable {
  /** `LAYER/kernel`, … */
  name: string
  /** Of the data set in the file. */
  path: string
  dtype: ElementName
  shape: number[]
}

/** What an attribute holds: one text, or a list of them. */
export type Attributes = Record<string, string | string[]>

export interface Requests {
  /** Opens a file by the process's descriptor, and lists its weights. `config` is the `config.json` of a `.keras`. */
  open: { fd: number; config: string | undefined }
  read: { variable: Variable }
  /** Begins a new file. */
  create: { fd: number }
  /** Makes a group, and those above it, where they are missing. */
  group: { path: string; attributes: Attributes }
  /** The group must be there. */
  dataset: { path: string; shape: readonly number[]; data: Float32Array }
  /** Completes the new file. */
  finish: Record<string, never>
}

export interface Results {
  open: Variable[]
  read: Float32Array<ArrayBuffer>
  create: undefined
  group: undefined
  dataset: undefined
  finish: undefined
}

export type Kind = keyof Requests

export type Request = { [K in Kind]: Requests[K] & { kind: K; id: number } }[Kind]

/** An error of the file system, of which only these fields survive the way between threads. */
export interface FileFailure {
  code: string | undefined
  message: string
}

export type Reply =
  | { id: number; result: Results[Kind] }
  /** `reason` completes the sentence "Cannot read the file: …". */
  | { id: number; reason: string; file?: FileFailure }

/** What a thread is started with. */
export interface ThreadData {
  /** Counts begins and ends of accesses to the file, so that a thread that computes for ever can be told from one that works. */
  accesses: Int32Array<SharedArrayBuffer>
}
