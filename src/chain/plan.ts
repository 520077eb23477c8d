/** How the time of a chain is shared out among its stages, and what each of them takes on for its share. */

/** The stages in their order. */
export const STAGES = ['search', 'classifier', 'detector'] as const
export type StageName = (typeof STAGES)[number]

/** What `npm start` takes, and with `--quick`, in seconds. */
export const USUAL_SECONDS = 600
export const QUICK_SECONDS = 150

/** Shares of the time. */
const SHARES: Record<StageName, number> = { search: 0.12, classifier: 0.25, detector: 0.63 }

export interface SearchPlan {
  /** When the stage ends, with the best that it has; in seconds, as all times here. */
  seconds: number
  /** For so long new children are begun. */
  budget: number
  /** Steps that each child is trained for, and images that it is measured on. */
  steps: number
  validation: number
}

export interface ClassifierPlan {
  seconds: number
  /** For so long it is trained: the learning rate reaches its end then. */
  training: number
  /** Cells between reductions (N), filters of the first stage (F), and side of the images in pixels. */
  cells: number
  filters: number
  imageSize: number
  /** Images that it is measured on while it is trained, and at the end, of the artist whom it never saw. */
  validation: number
  tested: number
}

export interface DetectorPlan {
  seconds: number
  training: number
  /** Scenes to train on. */
  scenes: number
  /** Scenes that it is measured on at the end, and those of them that it is measured on while it is trained. */
  tested: number
  validation: number
}

export interface ChainPlan {
  /** Of all stages. */
  seconds: number
  search: SearchPlan
  classifier: ClassifierPlan
  detector: DetectorPlan
}

/**
 * The plan for so many seconds on a small machine; the same for the same number. Each stage keeps a part of its share for
 * what comes before and after its training: data, compilation, the last measurement.
 */
export function planOf(seconds: number): ChainPlan {
  const share = (stage: StageName): number => SHARES[stage] * seconds
  // Too short for the whole network, whose compilation alone takes seconds.
  const isTiny = seconds < 60
  const isQuick = seconds < 300
  return {
    seconds,
    search: {
      seconds: share('search'),
      budget: 0.75 * share('search'),
      steps: isTiny ? 2 : isQuick ? 20 : 30,
      validation: isTiny ? 50 : 500,
    },
    classifier: {
      seconds: share('classifier'),
      training: lessOverhead(share('classifier'), 20),
      cells: isQuick ? 1 : 2,
      filters: isTiny ? 8 : isQuick ? 24 : 32,
      imageSize: isTiny ? 32 : isQuick ? 48 : 64,
      validation: within(seconds, 30, 500),
      tested: within(3 * seconds, 30, 1500),
    },
    detector: {
      seconds: share('detector'),
      training: lessOverhead(share('detector'), 45),
      scenes: within(2 * seconds, 16, 1200),
      tested: within(seconds / 3, 8, 200),
      validation: within(seconds / 12, 4, 50),
    },
  }
}

/** What is left of a share for training: at least three fifths. */
const lessOverhead = (seconds: number, overhead: number): number =>
  Math.max(seconds - overhead, 0.6 * seconds)

const within = (value: number, low: number, high: number): number =>
  Math.min(high, Math.max(low, Math.round(value)))
