/** Counts what is left out or put right, by kind, with the first few places of each. */
import { grouped } from '../../src/shared/text.js'
import { listed } from '../files/left-out.js'

/** What happened: for one, and for several. */
export type Kind = readonly [one: string, several: string]

export class Notes {
  private readonly found = new Map<string, { kind: Kind; count: number; places: string[] }>()

  /** Counts one of a kind; `place` says where, for example a file and its line. */
  add(kind: Kind, place: string): void {
    const entry = this.found.get(kind[0]) ?? { kind, count: 0, places: [] }
    this.found.set(kind[0], entry)
    entry.count++
    // One more than is shown, so that there is seen to be more.
    if (entry.places.length < 4) entry.places.push(place)
  }

  /** Adds what others have counted. */
  addAll({ found }: Notes): void {
    for (const [key, { kind, count, places }] of found) {
      const entry = this.found.get(key) ?? { kind, count: 0, places: [] }
      this.found.set(key, { kind, count: entry.count + count, places: [...entry.places, ...places] })
    }
  }

  count(kind: Kind): number {
    return this.found.get(kind[0])?.count ?? 0
  }

  /** A sentence for each kind, for example `3 boxes … are left out: a.txt line 1, b.txt line 2.` */
  sentences(): string[] {
    return [...this.found.values()].map(
      ({ kind, count, places }) => `${grouped(count)} ${kind[count === 1 ? 0 : 1]}: ${listed(places)}.`,
    )
  }
}
