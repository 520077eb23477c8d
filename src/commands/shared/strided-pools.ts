/** What the pools with a stride of a network do, for people. */
import type { StridedPools } from '../../../models/nasnet-config.js'

const NOTES: Record<StridedPools, string[]> = {
  slim: [],
  keras: ["Pools with a stride are Keras's: padding counts as zeros, in averages and in maxima."],
  timm: ["Pools with a stride are timm's: padding counts as zeros, in averages."],
}

/** A line for a network whose pools are not those that it was trained with; else none. */
export const poolsNote = (pools: StridedPools = 'slim'): string[] => NOTES[pools]
