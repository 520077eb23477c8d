import { type PackedNames, packNames } from './packed-names.js'

/** Where the images of a tar lie in the file, in their order. */
export interface TarImages {
  /** First byte of each. */
  offsets: Float64Array
  bytes: Uint32Array
  /** Class of each; −1: the tar does not say it. */
  labels: Int32Array
  /** Names of the members. */
  names: PackedNames
}

/** An image while a tar is read. */
export interface FoundImage {
  name: string
  offset: number
  bytes: number
  label: number
}

export const tarImages = (found: readonly FoundImage[]): TarImages => ({
  offsets: Float64Array.from(found, ({ offset }) => offset),
  bytes: Uint32Array.from(found, ({ bytes }) => bytes),
  labels: Int32Array.from(found, ({ label }) => label),
  names: packNames(found.map(({ name }) => name)),
})

/** The index of a tar file: its images, or, where it is a tar of tars, those of each. */
export interface TarIndex {
  parts: {
    /** Name of the inner tar; empty where the images lie in the file itself. */
    name: string
    images: TarImages
  }[]
  /** What is left out, for the user to see. */
  notes: string[]
}

export interface IndexOptions {
  signal?: AbortSignal
  /** Called with the bytes of the file that are behind the reader. */
  onBytes?: (bytes: number) => void
}
