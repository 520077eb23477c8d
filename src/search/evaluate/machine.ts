/** What the machine that evaluates decides for itself. */
export interface Machine {
  /** Threads that a child computes with. */
  threads?: number
  /** Where fetched data sets lie. */
  dataFolder?: string
  /** Folder of the search's images, where it is another than on the search's machine. */
  imageFolder?: string
}
