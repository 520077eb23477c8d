/** What the machine that evaluates decides for itself. */
export interface Machine {
  /** Threads that a child computes with. */
  threads?: number
  /** Where fetched data sets lie. */
  dataFolder?: string
}
