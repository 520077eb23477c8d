/** A small CIFAR-10 for tests: seven records in each file, every byte known. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export const small = { recordsPerFile: 7 }
export const smallNames = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
]
export const smallFiles = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`).concat('test_batch.bin')

/** The value that a record of a file has at row `y`, column `x` of plane `channel`. */
export const smallValue = (file: number, record: number, channel: number, y: number, x: number): number =>
  (file * 31 + record * 17 + channel * 101 + y * 7 + x * 3) % 256

export function writeSmallCifar10(folder: string): string {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'batches.meta.txt'), `${smallNames.join('\n')}\n\n`)
  for (const [file, name] of smallFiles.entries()) {
    const bytes: number[] = []
    for (let record = 0; record < small.recordsPerFile; record++) {
      bytes.push((file + record) % 10)
      for (let c = 0; c < 3; c++)
        for (let y = 0; y < 32; y++)
          for (let x = 0; x < 32; x++) bytes.push(smallValue(file, record, c, y, x))
    }
    writeFileSync(join(folder, name), Buffer.from(bytes))
  }
  return folder
}
