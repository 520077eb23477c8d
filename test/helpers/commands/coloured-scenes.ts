import type { Painted } from '../train/detection/colour-detector.js'

/** Images of many shapes, each with a red and, two times in three, a green or blue rectangle. */
export const colouredScenes = (count: number): Painted[] =>
  Array.from({ length: count }, (_, i) => {
    const [width, height] = [128 - 8 * (i % 4), 64 + 8 * (i % 5)]
    const second = { colour: i % 3, bbox: [70, 20, 30, 24 + (i % 12)] as [number, number, number, number] }
    const objects = [{ colour: 0, bbox: [6 + (i % 12), 8, 40, 30] as [number, number, number, number] }]
    return { width, height, objects: i % 3 === 0 ? objects : [...objects, second] }
  })
