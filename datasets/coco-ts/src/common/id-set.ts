/** Ids below this have a byte of their own. */
const DENSE = 1 << 22

/** A set of whole numbers that many rows are looked up in. */
export class IdSet {
  private readonly dense: Uint8Array
  private readonly others: ReadonlySet<number>

  constructor(ids: Iterable<number>) {
    const list = [...ids]
    const isDense = (id: number): boolean => id >= 0 && id < DENSE
    this.dense = new Uint8Array(list.reduce((most, id) => (isDense(id) ? Math.max(most, id + 1) : most), 0))
    for (const id of list) if (isDense(id)) this.dense[id] = 1
    this.others = new Set(list.filter((id) => !isDense(id)))
  }

  has(id: number): boolean {
    return this.dense[id] === 1 || (this.others.size > 0 && this.others.has(id))
  }
}
